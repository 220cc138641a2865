import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.source.legacy.SourceFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingProcessingTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * Counts PORT: counts the orders that come from a port of this machine by their
 * status, in windows of 5 seconds of processing time, and prints rows: the
 * window's end in ms since 1970, STATUS, count, with tabs between them. After
 * the last order it waits, so that the last window ends, until it is killed.
 */
public final class Counts {
    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        var environment = StreamExecutionEnvironment.createLocalEnvironment(1);
        environment.getConfig().enableObjectReuse();
        environment.addSource(new Lines(port))
                .map(new Status())
                .keyBy(status -> status)
                .window(TumblingProcessingTimeWindows.of(Duration.ofSeconds(5)))
                .aggregate(new Count(), new Row())
                .print();
        environment.execute();
    }

    /** The lines that a server sends, without their newlines. */
    private static final class Lines implements SourceFunction<byte[]> {
        private static final int PIECE = 256 * 1024;
        private final int port;
        private volatile boolean cancelled;

        Lines(int port) {
            this.port = port;
        }

        @Override
        public void run(SourceContext<byte[]> context) throws Exception {
            try (var socket = new Socket("127.0.0.1", port)) {
                split(socket.getInputStream(), context);
            }
            while (!cancelled) {
                Thread.sleep(100);
            }
        }

        private void split(InputStream stream, SourceContext<byte[]> context)
                throws Exception {
            byte[] buffer = new byte[PIECE];
            int held = 0;
            int more;
            while (!cancelled
                    && (more = stream.read(buffer, held, buffer.length - held)) > 0) {
                int end = held + more;
                int start = 0;
                for (int i = held; i < end; i++) {
                    if (buffer[i] == '\n') {
                        context.collect(Arrays.copyOfRange(buffer, start, i));
                        start = i + 1;
                    }
                }
                held = end - start;
                System.arraycopy(buffer, start, buffer, 0, held);
                if (held == buffer.length) {
                    buffer = Arrays.copyOf(buffer, 2 * held);
                }
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    /** What is read of an order. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Order {
        public String status;
    }

    private static final class Status extends RichMapFunction<byte[], String> {
        private transient ObjectReader reader;

        @Override
        public void open(OpenContext context) {
            reader = new ObjectMapper().readerFor(Order.class);
        }

        @Override
        public String map(byte[] line) throws Exception {
            return reader.<Order>readValue(line).status;
        }
    }

    private static final class Count
            implements AggregateFunction<String, Long, Long> {
        @Override
        public Long createAccumulator() {
            return 0L;
        }

        @Override
        public Long add(String status, Long count) {
            return count + 1;
        }

        @Override
        public Long getResult(Long count) {
            return count;
        }

        @Override
        public Long merge(Long one, Long other) {
            return one + other;
        }
    }

    private static final class Row
            extends ProcessWindowFunction<Long, String, String, TimeWindow> {
        @Override
        public void process(String status, Context context, Iterable<Long> counts,
                Collector<String> rows) {
            for (long count : counts) {
                rows.collect(context.window().getEnd() + "\t" + status + "\t" + count);
            }
        }
    }
}
