// SPDX-License-Identifier: Apache-2.0
// Esper.java - ten orders of a customer within a minute, by Esper's match_recognize
import com.espertech.esper.common.client.EPCompiled;
import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPEventService;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.common.client.EventSender;

public class Esper implements Orders.Engine {
	public static class Placed {
		private final String customer;
		private final long ms;

		Placed(String customer, long ms) {
			this.customer = customer;
			this.ms = ms;
		}

		public String getCustomer() {
			return customer;
		}

		public long getMs() {
			return ms;
		}
	}

	// Each order is asked for its distance from the first: a try that is too old ends at once, which takes less than asking the tenth.
	private static final String STATEMENT = "@name('ten') select * from Placed match_recognize ("
		+ " partition by customer measures one.customer as customer, last(more.ms) as ms"
		+ " after match skip past last row pattern (one more{9})"
		+ " define more as more.ms - one.ms < 60000)";

	private final EPRuntime runtime;
	private final EventSender sender;

	Esper() throws Exception {
		Configuration configuration = new Configuration();
		configuration.getCommon().addEventType(Placed.class);
		configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
		EPCompiled compiled = EPCompilerProvider.getCompiler().compile(STATEMENT, new CompilerArguments(configuration));
		runtime = EPRuntimeProvider.getRuntime("bench", configuration);
		runtime.getDeploymentService().deploy(compiled).getStatements()[0].addListener((found, gone, statement, self) -> {
			for (var match : found)
				Orders.match((String) match.get("customer"), (Long) match.get("ms"));
		});
		sender = runtime.getEventService().getEventSender("Placed");
	}

	@Override
	public void order(String customer, long ms) {
		sender.sendEvent(new Placed(customer, ms));
	}

	@Override
	public void close() {
		runtime.destroy();
	}

	public static void main(String[] args) throws Exception {
		Orders.read(args[0], new Esper());
	}
}
