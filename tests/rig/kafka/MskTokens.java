// SPDX-License-Identifier: Apache-2.0
// MskTokens.java - what Amazon MSK does with a token of IAM, for a listener of the tests' broker
//
// The token is a presigned URL in base64url (see lib/kafka/msk.h). It is read and signed anew here, from AWS's description of
// Signature Version 4, with the secret of whoever it names; a byte that differs and the login is refused. So are another action,
// host, region or service, a token that has ended, or is to last longer than MSK lets it.
//
// Options of the listener's JAAS configuration: region, and secret_ID for each access key ID. A session token has to be
// "until-MS-SIGNATURE", as mint() makes it of the secret, and tests/support/ec2_metadata.py does: those credentials end MS
// after 1970.
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.*;

public class MskTokens implements AuthenticateCallbackHandler {
	private static final String ALGORITHM = "AWS4-HMAC-SHA256";
	private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");
	private final Map<String, String> options = new HashMap<>();

	static class Refused extends Exception {
		private static final long serialVersionUID = 1;

		Refused(String why) {
			super(why);
		}
	}

	record Token(String value, String principalName, Long startTimeMs, long lifetimeMs, Set<String> scope) implements OAuthBearerToken {
	}

	// ---- Signature Version 4

	static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
		Mac mac = Mac.getInstance("HmacSHA256");
		mac.init(new SecretKeySpec(key, "HmacSHA256"));
		return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
	}

	static String digest(String text) throws GeneralSecurityException {
		return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
	}

	static String escape(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
	}

	/** The query in its canonical form: sorted, escaped anew, without the signature and what is not signed. */
	static String canonical(Map<String, String> query) {
		StringJoiner to = new StringJoiner("&");
		query.forEach((name, value) -> {
			if (!name.equals("X-Amz-Signature") && !name.equals("User-Agent"))
				to.add(escape(name) + "=" + escape(value));
		});
		return to.toString();
	}

	static String sign(String secret, String host, Map<String, String> query, String[] scope) throws GeneralSecurityException {
		String request = "GET\n/\n" + canonical(query) + "\nhost:" + host + "\n\nhost\n" + digest("");
		String where = String.join("/", Arrays.copyOfRange(scope, 1, scope.length));
		byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
		for (int i = 1; i < scope.length; i++)
			key = hmac(key, scope[i]);
		String toSign = ALGORITHM + "\n" + query.get("X-Amz-Date") + "\n" + where + "\n" + digest(request);
		return HexFormat.of().formatHex(hmac(key, toSign));
	}

	static String mint(String secret, long end) throws GeneralSecurityException {
		return "until-" + end + "-" + Base64.getEncoder().encodeToString(hmac(secret.getBytes(StandardCharsets.UTF_8), "until-" + end));
	}

	// ---- the token

	static void check(boolean good, String otherwise) throws Refused {
		if (!good)
			throw new Refused(otherwise);
	}

	static Map<String, String> parse(String query) {
		Map<String, String> to = new TreeMap<>();
		for (String member : query.split("&")) {
			String[] parts = member.split("=", 2);
			to.put(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
		}
		return to;
	}

	/** When the credentials end, as their session token says. */
	static long sessionEnd(String session, String secret) throws GeneralSecurityException, Refused {
		String[] parts = session.split("-", 3);
		check(parts.length == 3 && parts[1].matches("[0-9]{1,18}"), "odd session token");
		long end = Long.parseLong(parts[1]);
		check(session.equals(mint(secret, end)), "not our session token");
		return end;
	}

	Token validate(String text, long now) throws GeneralSecurityException, Refused {
		check(text.matches("[A-Za-z0-9_-]+"), "not base64url without padding");
		String url = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
		String region = options.get("region"), host = "kafka." + region + ".amazonaws.com", start = "https://" + host + "/?";
		check(url.startsWith(start), "another address");
		Map<String, String> query = parse(url.substring(start.length()));
		check("kafka-cluster:Connect".equals(query.get("Action")), "another action");
		check(ALGORITHM.equals(query.get("X-Amz-Algorithm")), "another algorithm");
		check("host".equals(query.get("X-Amz-SignedHeaders")), "other headers");
		check(query.containsKey("User-Agent"), "no user agent");
		String date = query.getOrDefault("X-Amz-Date", ""), expires = query.getOrDefault("X-Amz-Expires", "");
		String[] scope = query.getOrDefault("X-Amz-Credential", "").split("/");
		check(date.matches("[0-9]{8}T[0-9]{6}Z") && expires.matches("[0-9]{1,5}"), "no time");
		check(scope.length == 5 && scope[1].equals(date.substring(0, 8)) && scope[2].equals(region) &&
		      scope[3].equals("kafka-cluster") && scope[4].equals("aws4_request"), "another scope");
		String secret = options.get("secret_" + scope[0]);
		check(secret != null, "unknown access key");
		check(sign(secret, host, query, scope).equals(query.get("X-Amz-Signature")), "wrong signature");

		long from = LocalDateTime.parse(date, SECOND).toInstant(ZoneOffset.UTC).toEpochMilli();
		long end = from + 1000 * Long.parseLong(expires);
		check(Long.parseLong(expires) <= 900, "too long a life");
		if (query.containsKey("X-Amz-Security-Token"))
			end = Math.min(end, sessionEnd(query.get("X-Amz-Security-Token"), secret));
		check(from <= now + 1000 && now < end, "not its time");
		return new Token(text, "IAM-" + scope[0], from, end, Set.of());
	}

	// ---- the broker's side

	@Override
	public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
		entries.get(0).getOptions().forEach((name, value) -> options.put(name, (String)value));
	}

	@Override
	public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
		for (Callback c : callbacks) {
			if (c instanceof OAuthBearerExtensionsValidatorCallback)
				continue; // none is known
			if (!(c instanceof OAuthBearerValidatorCallback ask))
				throw new UnsupportedCallbackException(c);
			try {
				ask.token(validate(ask.tokenValue(), System.currentTimeMillis()));
			} catch (Refused | GeneralSecurityException e) {
				ask.error("Access denied: " + e.getMessage(), null, null);
			}
		}
	}

	@Override
	public void close() {
	}
}
