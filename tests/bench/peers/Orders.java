// SPDX-License-Identifier: Apache-2.0
// Orders.java - what all peers on the JVM share: they read the orders, and print the matches.
//
//	java -cp CLASSES:JARS/* Orders FILE	read, and do nothing: the least that any of them can take
//
// Lines are read by Jackson's streaming parser, which looks at three members and builds no tree; events that are no orders go no
// further, so that an engine sees what its pattern is about alone. A match is printed as {"customerId":C,"match_end":MS}. On
// standard error: how many records and matches there were, and the seconds from the first record to the last match, which leave
// out what the JVM and the engine took to start.
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedOutputStream;
import java.io.FileInputStream;
import java.io.PrintStream;
import java.time.Instant;

public class Orders {
	/** An engine that looks for ten orders of a customer within a minute. */
	interface Engine extends AutoCloseable {
		void order(String customer, long ms) throws Exception;

		/** No more orders: after this, all matches have been told. */
		@Override
		void close() throws Exception;
	}

	private static final PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false);
	private static long records, matches;

	/** Called by an engine, from any one thread at a time. */
	static synchronized void match(String customer, long ms) {
		matches++;
		out.println("{\"customerId\":\"" + customer + "\",\"match_end\":" + ms + "}");
	}

	private static String member(JsonParser json, String name) throws Exception {
		String value = null;
		while (json.nextToken() != JsonToken.END_OBJECT) {
			boolean wanted = json.currentName().equals(name);
			if (json.nextToken().isStructStart())
				json.skipChildren();
			else if (wanted)
				value = json.getText();
		}
		return value;
	}

	private static void record(JsonParser json, Engine engine) throws Exception {
		String type = null, time = null, customer = null;
		while (json.nextToken() != JsonToken.END_OBJECT) {
			String name = json.currentName();
			JsonToken value = json.nextToken();
			if (name.equals("payload") && value == JsonToken.START_OBJECT)
				customer = member(json, "customerId");
			else if (value.isStructStart())
				json.skipChildren();
			else if (name.equals("eventType"))
				type = json.getText();
			else if (name.equals("timestamp"))
				time = json.getText();
		}
		records++;
		if ("maip.order.created".equals(type))
			engine.order(customer, Instant.parse(time).toEpochMilli());
	}

	static void read(String file, Engine engine) throws Exception {
		long began = System.nanoTime();
		try (JsonParser json = new JsonFactory().createParser(new FileInputStream(file)); engine) {
			while (json.nextToken() != null)
				record(json, engine);
		}
		out.flush();
		System.err.printf("records=%d matches=%d seconds=%.3f%n", records, matches, (System.nanoTime() - began) / 1e9);
	}

	public static void main(String[] args) throws Exception {
		read(args[0], new Engine() {
			@Override
			public void order(String customer, long ms) {
			}

			@Override
			public void close() {
			}
		});
	}
}
