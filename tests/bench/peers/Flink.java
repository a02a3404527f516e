// SPDX-License-Identifier: Apache-2.0
// Flink.java - ten orders of a customer within a minute, by the CepOperator of Flink alone, in its own test harness: no network, no
// checkpoints, state on the heap
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.nfa.compiler.NFACompiler;
import org.apache.flink.cep.operator.CepOperator;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;
import java.time.Duration;

public class Flink implements Orders.Engine {
	private static final int WATERMARK_EVERY = 1000;         // orders

	static class Tell extends PatternProcessFunction<Tuple2<String, Long>, Object> {
		@Override
		public void processMatch(Map<String, List<Tuple2<String, Long>>> match, Context context, Collector<Object> to) {
			List<Tuple2<String, Long>> orders = match.get("first");
			Orders.match(orders.get(0).f0, orders.get(orders.size() - 1).f1);
		}
	}

	private final KeyedOneInputStreamOperatorTestHarness<String, Tuple2<String, Long>, Object> harness;
	private long n, newest;

	Flink() throws Exception {
		AfterMatchSkipStrategy skip = AfterMatchSkipStrategy.skipPastLastEvent();
		Pattern<Tuple2<String, Long>, ?> pattern = Pattern.<Tuple2<String, Long>>begin("first", skip).timesOrMore(10)
			.within(Duration.ofMinutes(1));
		TypeInformation<Tuple2<String, Long>> order = Types.TUPLE(Types.STRING, Types.LONG);
		CepOperator<Tuple2<String, Long>, String, Object> operator = new CepOperator<>(
			order.createSerializer(new SerializerConfigImpl()), false,
			NFACompiler.compileFactory(pattern, false), null, skip, new Tell(), null);
		harness = new KeyedOneInputStreamOperatorTestHarness<>(operator, one -> one.f0, Types.STRING);
		harness.setup();
		harness.open();
	}

	@Override
	public void order(String customer, long ms) throws Exception {
		harness.processElement(Tuple2.of(customer, ms), ms);
		newest = Math.max(newest, ms);
		if (++n % WATERMARK_EVERY == 0)
			harness.processWatermark(newest - 1);
	}

	@Override
	public void close() throws Exception {
		harness.processWatermark(Long.MAX_VALUE);
		harness.close();
	}

	public static void main(String[] args) throws Exception {
		Orders.read(args[0], new Flink());
	}
}
