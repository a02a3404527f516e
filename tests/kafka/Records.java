// SPDX-License-Identifier: Apache-2.0
// Records.java - the Java client's view of topics, against which ours is compared.
//
//	java -cp '.:JARS/*' Records dump BROKERS TOPIC         print every record, every field, in order of partition and offset
//	java -cp '.:JARS/*' Records fill BROKERS TOPIC SEED N  send N odd records: binary, null and empty keys and values, headers twice
//	java -cp '.:JARS/*' Records keys BROKERS TOPIC         send a record for each line of base64 ("-": no key) on standard input
import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

public class Records {
	static String show(byte[] bytes) {
		return bytes == null ? "null" : "'" + Base64.getEncoder().encodeToString(bytes) + "'";
	}

	static String show(Header h) {
		return h.key() + "=" + show(h.value());
	}

	static void dump(String brokers, String topic) {
		Map<String, Object> conf = Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed");
		try (var consumer = new KafkaConsumer<>(conf, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
			List<TopicPartition> parts = consumer.partitionsFor(topic).stream()
				.map(p -> new TopicPartition(topic, p.partition()))
				.sorted(Comparator.comparing(TopicPartition::partition)).collect(Collectors.toList());
			Map<TopicPartition, Long> ends = consumer.endOffsets(parts);
			var out = new StringBuilder();
			for (TopicPartition part : parts) {
				consumer.assign(List.of(part));
				consumer.seekToBeginning(List.of(part));
				while (consumer.position(part) < ends.get(part))
					for (var r : consumer.poll(Duration.ofMillis(100))) {
						String headers = Arrays.stream(r.headers().toArray()).map(Records::show).collect(Collectors.joining(","));
						out.append(r.partition()).append(' ').append(r.offset()).append(' ').append(r.timestampType()).append(' ')
							.append(r.timestamp()).append(' ').append(show(r.key())).append(' ').append(show(r.value())).append(" [")
							.append(headers).append("]\n");
					}
			}
			System.out.print(out);
		}
	}

	static byte[] odd(Random random) {
		String[] texts = { "", "null", "{\"a\":1}", " {\"a\":1}", "{\n\"a\": [1, 2]\n}", "\"text\"", "plain text", "12.50", "caf\u00e9 \ud83d\ude00",
			"\u0000\u001f\u007f\u0085\u202e", "{\"_maip\":\"end\",\"drain\":true}", "[".repeat(300) + "]".repeat(300), "\ufeff{}", "{}\r", "{\"a\":1,\"a\":2}" };
		switch (random.nextInt(4)) {
		case 0:
			return null;
		case 1:
			byte[] bytes = new byte[random.nextInt(40)];
			random.nextBytes(bytes);
			return bytes;
		default:
			return texts[random.nextInt(texts.length)].getBytes(java.nio.charset.StandardCharsets.UTF_8);
		}
	}

	static KafkaProducer<byte[], byte[]> producer(String brokers) {
		return new KafkaProducer<>(Map.of("bootstrap.servers", brokers, "linger.ms", 20), new ByteArraySerializer(), new ByteArraySerializer());
	}

	static void fill(String brokers, String topic, long seed, int count) {
		var random = new Random(seed);
		try (var producer = producer(brokers)) {
			int parts = producer.partitionsFor(topic).size();
			for (int i = 0; i < count; i++) {
				List<Header> headers = new ArrayList<>();
				for (int h = random.nextInt(4); h > 0; h--)
					headers.add(new RecordHeader(List.of("a", "a", "trace-id", "\u00e9").get(random.nextInt(4)), odd(random)));
				producer.send(new ProducerRecord<>(topic, random.nextInt(parts), 1 + (long) random.nextInt(2000000000) * 1000,
					odd(random), odd(random), headers));
			}
		}
	}

	static void keys(String brokers, String topic) {
		var in = new Scanner(System.in);
		try (var producer = producer(brokers)) {
			while (in.hasNextLine()) {
				String line = in.nextLine();
				producer.send(new ProducerRecord<>(topic, line.equals("-") ? null : Base64.getDecoder().decode(line), new byte[0]));
			}
		}
	}

	public static void main(String[] args) {
		switch (args[0]) {
		case "dump": dump(args[1], args[2]); break;
		case "fill": fill(args[1], args[2], Long.parseLong(args[3]), Integer.parseInt(args[4])); break;
		case "keys": keys(args[1], args[2]); break;
		default: throw new IllegalArgumentException(args[0]);
		}
	}
}
