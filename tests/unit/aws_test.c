/* SPDX-License-Identifier: Apache-2.0 */
/* Where AWS credentials come from: files that the test writes, and servers that it plays. */
#define _DEFAULT_SOURCE                 /* mkdtemp */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "base/mem.h"
#include "base/time.h"
#include "http_server.h"
#include "kafka/aws.h"
#include "kafka/http.h"

#define NEW_YEAR_2026 1767225600000

static char dir[] = "/tmp/maip-aws-test.XXXXXX";

static const struct aws_ask ask = { .region = { "eu-west-1", 9 }, .now = NEW_YEAR_2026 };

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path_of(name), mode);
}

static void
write_long_file(const char *name, size_t n)
{
	char *text = mem_zalloc(n + 1, 1);

	memset(text, 'x', n);
	write_file(name, text, 0644);
	free(text);
}

static int
make_dir(void **state)
{
	(void)state;
	http_start();
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "credentials", "config", "token", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(names[i]));
	return 0;
}

/* No credentials anywhere, and no way out of this machine. */
static int
clean_environment(void **state)
{
	static const char *const variables[] = {
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path_of("credentials"), 1);
	setenv("AWS_CONFIG_FILE", path_of("config"), 1);
	(void)remove(path_of("credentials"));
	(void)remove(path_of("config"));
	return 0;
}

static void
assert_found(const char *id, const char *secret, const char *session, int64_t expires)
{
	struct aws_creds c;
	struct err       err;

	if (aws_creds_find(&c, &ask, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.id, id);
	assert_string_equal(c.secret, secret);
	assert_true((c.session == NULL) == (session == NULL));
	if (session != NULL)
		assert_string_equal(c.session, session);
	assert_int_equal(c.expires, expires);
	aws_creds_release(&c);
}

static void
assert_refused(enum status status, const char *part)
{
	struct aws_creds c;
	struct err       err;

	assert_int_equal(aws_creds_find(&c, &ask, &err), -1);
	if (strstr(err.msg, part) == NULL)
		fail_msg("'%s' is not in: %s", part, err.msg);
	assert_null(strstr(err.msg, "canary"));
	assert_int_equal(err.status, status);
	assert_null(c.id);
}

/* ---- the environment and files */

static void
the_environment_comes_first(void **state)
{
	(void)state;
	write_file("credentials", "[default]\naws_access_key_id=OTHER\naws_secret_access_key=canary\n", 0600);
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	assert_refused(STATUS_CONFIG, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set");
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	assert_found("AKID", "secret", NULL, TIME_MAX);
	setenv("AWS_SESSION_TOKEN", "session", 1);
	assert_found("AKID", "secret", "session", TIME_MAX);
}

static void
a_profile_has_keys_in_the_credentials_file_or_in_the_config_file(void **state)
{
	(void)state;
	write_file("credentials", "# mine\n[default]\naws_access_key_id = A1\naws_secret_access_key = s/1+=\n\n"
	           "[ work ]\n  aws_access_key_id = indented\naws_access_key_id=A2\r\naws_secret_access_key=s#2 # comment\naws_session_token=t2\n", 0600);
	write_file("config", "[profile other]\naws_access_key_id=A3\naws_secret_access_key=s3\nregion=us-west-2\n"
	           "[work]\naws_access_key_id=wrong\n[profile work]\naws_access_key_id=later\nregion = eu-north-1\n", 0600);
	assert_found("A1", "s/1+=", NULL, TIME_MAX);
	setenv("AWS_PROFILE", "work", 1);
	assert_found("A2", "s#2", "t2", TIME_MAX);
	setenv("AWS_PROFILE", "other", 1);
	assert_found("A3", "s3", NULL, TIME_MAX);
	setenv("AWS_PROFILE", "nobody", 1);
	assert_refused(STATUS_CONFIG, "there is no AWS profile 'nobody' (AWS_PROFILE names it)");
}

static void
the_region_is_that_of_the_environment_or_of_the_profile(void **state)
{
	char *region;

	(void)state;
	assert_null(aws_region_find());
	write_file("config", "[default]\nregion=us-west-2\n[profile work]\nregion = eu-north-1 ; home\n", 0644);
	region = aws_region_find();
	assert_string_equal(region, "us-west-2");
	free(region);
	setenv("AWS_PROFILE", "work", 1);
	region = aws_region_find();
	assert_string_equal(region, "eu-north-1");
	free(region);
	setenv("AWS_DEFAULT_REGION", "ap-east-1", 1);
	region = aws_region_find();
	assert_string_equal(region, "ap-east-1");
	free(region);
}

static void
keys_in_a_file_that_others_can_read_are_refused(void **state)
{
	(void)state;
	write_file("credentials", "[default]\naws_access_key_id=A1\naws_secret_access_key=canary\n", 0640);
	assert_refused(STATUS_CONFIG, "holds 'aws_secret_access_key', and others than its owner can read it (chmod 600)");
	write_file("credentials", "[default]\naws_access_key_id=A1\n", 0600);
	assert_refused(STATUS_CONFIG, "AWS profile 'default': it has one of aws_access_key_id and aws_secret_access_key, not both");
}

static void
a_profile_may_name_a_command(void **state)
{
	(void)state;
	write_file("config", "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"P1\",\"SecretAccessKey\":\"ps\","
	           "\"SessionToken\":\"pt\",\"Expiration\":\"2026-01-01T01:00:00Z\"}'\n", 0600);
	assert_found("P1", "ps", "pt", NEW_YEAR_2026 + 3600000);
	write_file("config", "[default]\ncredential_process = echo canary; echo ' no vault' >&2; exit 3\n", 0600);
	assert_refused(STATUS_DENIED, "AWS profile 'default': credential_process: exit status 3: 'no vault'");
	write_file("config", "[default]\ncredential_process = echo canary\n", 0600);
	assert_refused(STATUS_DENIED, "credential_process: the answer is not a JSON object");
	write_file("config", "[default]\ncredential_process = echo '{\"AccessKeyId\":\"P1\",\"SecretAccessKey\":\"ps\","
	           "\"Expiration\":\"2025-12-31T23:59:00Z\"}'\n", 0600);
	assert_refused(STATUS_DENIED, "the AWS credentials expired 1m ago");
}

static void
what_only_a_person_can_do_is_left_to_the_aws_cli(void **state)
{
	(void)state;
	write_file("config", "[default]\nsso_session = corp\n", 0600);
	assert_refused(STATUS_CONFIG, "single sign-on is left to the AWS CLI");
	write_file("config", "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=x\nmfa_serial=arn:aws:iam::1:mfa/m\n", 0600);
	assert_refused(STATUS_CONFIG, "asks for an MFA code");
	write_file("config", "[default]\nrole_arn=arn:aws:iam::1:role/r\n", 0600);
	assert_refused(STATUS_CONFIG, "no source_profile, credential_source or web_identity_token_file");
	write_file("config", "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=a\n"
	           "[profile a]\nrole_arn=arn:aws:iam::1:role/a\nsource_profile=default\n", 0600);
	assert_refused(STATUS_CONFIG, "more than 5 profiles name one another");
}

static void
without_any_credentials_the_message_says_where_they_were_looked_for(void **state)
{
	(void)state;
	assert_refused(STATUS_DENIED, "no AWS credentials: not in the environment, not in profile 'default', no web identity, "
	               "no container, AWS_EC2_METADATA_DISABLED is set (try \"aws configure\")");
}

/* ---- servers */

static bool
has(const char *request, const char *part)
{
	return strstr(request, part) != NULL;
}

/* EC2's metadata service, version 2 only. */
struct ec2 {
	const char *role;               /* NULL: none is attached */
	const char *expires;
	int         asked_without_token;
};

static int
play_ec2(void *arg, const char *request, struct buf *body)
{
	static const char list[] = "GET /latest/meta-data/iam/security-credentials/ ";
	struct ec2       *m = arg;
	char              path[200];

	if (has(request, "PUT /latest/api/token ")) {
		if (!has(request, "X-aws-ec2-metadata-token-ttl-seconds: "))
			return 400;
		buf_add_str(body, STR("TOKEN=="));
		return 200;
	}
	if (!has(request, "X-aws-ec2-metadata-token: TOKEN==\r\n")) {
		m->asked_without_token++;
		return 401;
	}
	if (str_starts(str_of(request), str_of(list))) {
		buf_addf(body, "%s", m->role != NULL ? m->role : "");
		return m->role != NULL ? 200 : 404;
	}
	snprintf(path, sizeof(path), "GET /latest/meta-data/iam/security-credentials/%s ", m->role);
	if (!str_starts(str_of(request), str_of(path)))
		return 404;
	buf_addf(body, "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"es\","
	         "\"Token\":\"et\",\"Expiration\":\"%s\"}", m->expires);
	return 200;
}

static void
an_instance_has_the_credentials_of_its_role(void **state)
{
	struct ec2          m = { .role = "kafka-reader", .expires = "2026-01-01T06:00:00Z" };
	struct http_server *s = http_server_start(play_ec2, &m);

	(void)state;
	unsetenv("AWS_EC2_METADATA_DISABLED");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(s), 1);
	setenv("http_proxy", "http://127.0.0.1:1", 1);          /* not to be used */
	assert_found("ASIA1", "es", "et", NEW_YEAR_2026 + 6 * 3600000);
	m.role = NULL;
	assert_refused(STATUS_DENIED, "EC2 metadata: this instance has no role (IAM instance profile)");
	assert_int_equal(m.asked_without_token, 0);
	unsetenv("http_proxy");
	http_server_stop(s);
	assert_refused(STATUS_DENIED, "no container, no EC2 metadata: cannot ask '127.0.0.1:");
}

static int
play_container(void *arg, const char *request, struct buf *body)
{
	const char *authorization = arg;

	if (!str_starts(str_of(request), STR("GET /v2/credentials?id=7 ")) || !has(request, authorization))
		return 403;
	buf_add_str(body, STR("{\"RoleArn\":\"x\",\"AccessKeyId\":\"ASIA2\",\"SecretAccessKey\":\"cs\",\"Token\":\"ct\","
	                      "\"Expiration\":\"2026-01-01T00:30:00Z\"}"));
	return 200;
}

static void
a_container_asks_its_endpoint_with_the_authorization_it_was_given(void **state)
{
	struct http_server *s = http_server_start(play_container, "Authorization: Bearer abc\r\n");
	char                url[128];

	(void)state;
	snprintf(url, sizeof(url), "%s/v2/credentials?id=7", http_server_url(s));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer abc", 1);
	assert_found("ASIA2", "cs", "ct", NEW_YEAR_2026 + 1800000);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer canary", 1);
	assert_refused(STATUS_DENIED, "the container's AWS credentials: the answer has status 403");
	write_file("token", "Bearer abc\n", 0600);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path_of("token"), 1);
	assert_found("ASIA2", "cs", "ct", NEW_YEAR_2026 + 1800000);
	write_file("token", "Bearer abc\nX-Forged: 1", 0600);
	assert_refused(STATUS_CONFIG, "more than one line");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent", 1);
	assert_refused(STATUS_CONFIG, "the container's AWS credentials: cannot read '/nonexistent': No such file or directory");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path_of("token"), 1);
	write_file("token", " \n", 0600);
	assert_refused(STATUS_CONFIG, "/token' is empty");
	http_server_stop(s);
}

static void
a_container_s_authorization_goes_to_no_other_machine(void **state)
{
	static const char *const refused[] = {
		"http://localhost.example.com/x", "http://localhost./x", "http://127.0.0.1.example.com/x", "http://127.0.0.2:80/x",
		"http://127.0.0.1%2eexample.com/x", "http://127.0.0.1:canary@127.0.0.2:9911/x", "http://localhost:80@example.com:80/x",
		"http://canary@127.0.0.1/x", "http://@127.0.0.1/x", "http://127.0.0.1\\@example.com/x", "http://127.0.0.1\\.example.com/x",
		"http://127.0.0.1:80:90/x", "http://127.0.0.1:80a/x", "http://127.0.0.1:99999/x", "http://[::1].example.com/x",
		"http://[::1]example.com/x", "http://[::2]/x", "http://example.com/127.0.0.1", "http://example.com#127.0.0.1",
		"http://example.com?@127.0.0.1/", "http://127.0.0.1 .example.com/x", "http://127.0.0.1;example.com/x", "http://",
		"https://canary:canary@example.com/x", "https://", "ftp://127.0.0.1/x", "file:///etc/passwd", "127.0.0.1/x", "/x",
		" http://127.0.0.1/x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
		assert_refused(STATUS_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI has to be https or an address of this machine, and to name no user");
	}
}

static void
a_container_s_path_is_no_way_to_another_host(void **state)
{
	static const char *const refused[] = { "@example.com/x", ":80@example.com/x", ".example.com/x", ":80/x", "?x", "x" };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", refused[i], 1);
		assert_refused(STATUS_CONFIG, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI has to begin with /");
	}
}

static void
this_machine_is_asked_however_it_is_written(void **state)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "LocalHost", "127.1", "%31%32%37.0.0.1" };
	struct http_server      *s = http_server_start(play_container, "Authorization: Bearer abc\r\n");
	const char              *port = strrchr(http_server_url(s), ':');
	char                     url[128];

	(void)state;
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer abc", 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(url, sizeof(url), "HTTP://%s%s/v2/credentials?id=7#@example.com", names[i], port);
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
		assert_found("ASIA2", "cs", "ct", NEW_YEAR_2026 + 1800000);
	}
	http_server_stop(s);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[0:0:0:0:0:0:0:1]:1/x", 1);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask '[::1]:1': ");
}

static void
an_address_is_told_without_the_password_in_it(void **state)
{
	(void)state;
	write_file("token", "eyJ.a.b", 0644);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::123:role/r", 1);
	setenv("AWS_ENDPOINT_URL_STS", "http://canary:canary@127.0.0.1:1", 1);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask '127.0.0.1:1': ");
	setenv("AWS_ENDPOINT_URL_STS", "127.0.0.1:1", 1);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask '127.0.0.1:1': ");
	setenv("AWS_ENDPOINT_URL_STS", "http://canary:canary/x@127.0.0.1:1", 1);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask what is no URL: ");
}

static const char sts_answer[] =
	"<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
	"<AccessKeyId>ASIA3</AccessKeyId><SecretAccessKey>ss</SecretAccessKey><SessionToken>st//==</SessionToken>"
	"<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

static int
play_sts(void *arg, const char *request, struct buf *body)
{
	char *last = arg;

	snprintf(last, 4096, "%s", request);
	if (has(request, "canary")) {
		buf_add_str(body, STR("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
		                      "<Message>Not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>"));
		return 403;
	}
	buf_add_str(body, str_of(sts_answer));
	return 200;
}

static void
a_web_identity_is_exchanged_for_the_credentials_of_a_role(void **state)
{
	char                last[4096];
	struct http_server *s = http_server_start(play_sts, last);

	(void)state;
	setenv("AWS_ENDPOINT_URL_STS", http_server_url(s), 1);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token"), 1);
	write_file("token", "eyJ.a+b.c\n", 0644);
	assert_refused(STATUS_CONFIG, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
	setenv("AWS_ROLE_ARN", "arn:aws:iam::123:role/r", 1);
	assert_found("ASIA3", "ss", "st//==", NEW_YEAR_2026 + 3600000);
	assert_true(str_starts(str_of(last), STR("POST / HTTP/1.1\r\n")));
	assert_non_null(strstr(last, "\r\n\r\nAction=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A123%3Arole%2Fr"
	                       "&RoleSessionName=maip&Version=2011-06-15&WebIdentityToken=eyJ.a%2Bb.c"));
	write_file("token", "canary", 0644);
	assert_refused(STATUS_DENIED, "role 'arn:aws:iam::123:role/r': STS refuses: 'Not authorized to perform sts:AssumeRole'");
	write_file("token", "\n", 0644);
	assert_refused(STATUS_CONFIG, "the web identity token: '");
	assert_refused(STATUS_CONFIG, "/token' is empty");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", dir, 1);
	assert_refused(STATUS_CONFIG, "': Is a directory");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token"), 1);
	write_long_file("token", 20001);
	assert_refused(STATUS_CONFIG, "/token' is too long");
	write_long_file("token", 20000);
	assert_found("ASIA3", "ss", "st//==", NEW_YEAR_2026 + 3600000);
	http_server_stop(s);
	write_file("token", "eyJ.a.b", 0644);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask '127.0.0.1:");
}

static void
a_profile_may_assume_a_role_with_the_keys_of_another(void **state)
{
	char                last[4096];
	struct http_server *s = http_server_start(play_sts, last);

	(void)state;
	setenv("AWS_ENDPOINT_URL_STS", http_server_url(s), 1);
	setenv("AWS_PROFILE", "work", 1);
	write_file("credentials", "[base]\naws_access_key_id=AKID\naws_secret_access_key=secret\n", 0600);
	write_file("config", "[profile work]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\nexternal_id=e x\n"
	           "role_session_name=me\n", 0600);
	assert_found("ASIA3", "ss", "st//==", NEW_YEAR_2026 + 3600000);
	assert_true(str_starts(str_of(last), STR("GET /?Action=AssumeRole&ExternalId=e%20x&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
	            "&RoleSessionName=me&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
	            "&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260101T000000Z"
	            "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=")));
	write_file("config", "[profile work]\nrole_arn=arn:aws:iam::1:role/r\ncredential_source=Environment\n", 0600);
	assert_refused(STATUS_DENIED, "its credential_source 'Environment' has no credentials");
	http_server_stop(s);
}

/* ---- */

static int
play_nothing(void *arg, const char *request, struct buf *body)
{
	(void)request;
	(void)body;
	return *(int *)arg;
}

static int
play_flood(void *arg, const char *request, struct buf *body)
{
	(void)arg;
	(void)request;
	for (int i = 0; i < 40000; i++)
		buf_add_str(body, STR("0123456789"));
	return 200;
}

static void
a_broken_or_endless_answer_is_an_error(void **state)
{
	int                 status = 0;
	struct http_server *s = http_server_start(play_nothing, &status);
	char                url[128];

	(void)state;
	snprintf(url, sizeof(url), "%s/x", http_server_url(s));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	assert_refused(STATUS_UNAVAILABLE, "Empty reply from server");
	status = 200;
	assert_refused(STATUS_DENIED, "the answer is not a JSON object");
	status = 302;
	assert_refused(STATUS_DENIED, "the answer has status 302");
	http_server_stop(s);
	s = http_server_start(play_flood, NULL);
	snprintf(url, sizeof(url), "%s/x", http_server_url(s));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	assert_refused(STATUS_UNAVAILABLE, "cannot ask '127.0.0.1:");
	http_server_stop(s);
}

#define TEST(name) cmocka_unit_test_setup(name, clean_environment)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_environment_comes_first),
		TEST(a_profile_has_keys_in_the_credentials_file_or_in_the_config_file),
		TEST(the_region_is_that_of_the_environment_or_of_the_profile),
		TEST(keys_in_a_file_that_others_can_read_are_refused),
		TEST(a_profile_may_name_a_command),
		TEST(what_only_a_person_can_do_is_left_to_the_aws_cli),
		TEST(without_any_credentials_the_message_says_where_they_were_looked_for),
		TEST(an_instance_has_the_credentials_of_its_role),
		TEST(a_container_asks_its_endpoint_with_the_authorization_it_was_given),
		TEST(a_container_s_authorization_goes_to_no_other_machine),
		TEST(a_container_s_path_is_no_way_to_another_host),
		TEST(this_machine_is_asked_however_it_is_written),
		TEST(an_address_is_told_without_the_password_in_it),
		TEST(a_web_identity_is_exchanged_for_the_credentials_of_a_role),
		TEST(a_profile_may_assume_a_role_with_the_keys_of_another),
		TEST(a_broken_or_endless_answer_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
