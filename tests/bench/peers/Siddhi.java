// SPDX-License-Identifier: Apache-2.0
// Siddhi.java - ten orders of a customer within a minute, by a pattern of Siddhi, whose clock goes by the orders
import io.siddhi.core.SiddhiAppRuntime;
import io.siddhi.core.SiddhiManager;
import io.siddhi.core.event.Event;
import io.siddhi.core.stream.input.InputHandler;
import io.siddhi.core.stream.output.StreamCallback;

public class Siddhi implements Orders.Engine {
	private static final String APP = "@app:playback define stream Orders (customer string, ms long);"
		+ " partition with (customer of Orders) begin"
		+ " from every e=Orders<10:10> within 1 min"
		+ " select e[0].customer as customer, e[last].ms as ms insert into Matches; end;";

	private final SiddhiManager manager = new SiddhiManager();
	private final SiddhiAppRuntime runtime = manager.createSiddhiAppRuntime(APP);
	private final InputHandler orders;

	Siddhi() {
		runtime.addCallback("Matches", new StreamCallback() {
			@Override
			public void receive(Event[] events) {
				for (Event event : events)
					Orders.match((String) event.getData(0), (Long) event.getData(1));
			}
		});
		orders = runtime.getInputHandler("Orders");
		runtime.start();
	}

	@Override
	public void order(String customer, long ms) throws InterruptedException {
		orders.send(ms, new Object[] { customer, ms });
	}

	@Override
	public void close() {
		runtime.shutdown();
		manager.shutdown();
	}

	public static void main(String[] args) throws Exception {
		Orders.read(args[0], new Siddhi());
	}
}
