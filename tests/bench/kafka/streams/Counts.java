import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * Counts BROKER TOPIC OUTPUT ID ORDERS WINDOW_S LATENESS_S STORE FOLDER: counts
 * the orders of a topic by status in windows, exactly once, with one thread,
 * and sends the counts to a topic with each commit, one a second. STORE: memory
 * or rocksdb. The time of an order is its created_at, else that of its message.
 * When so many orders are counted, and that is committed, it ends and prints,
 * with tabs: `took`, seconds, CPU seconds, from the first order on; `warm`, the
 * same of the second half of them; and STATUS, count for each.
 */
public final class Counts {
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean)
            ManagementFactory.getOperatingSystemMXBean();
    private static final String STORE = "counts";
    private static final Serializer<Order> NONE = (topic, order) -> {
        throw new UnsupportedOperationException();
    };
    private static volatile Moment began;
    private static volatile Moment half;

    public static void main(String[] args) throws Exception {
        long orders = Long.parseLong(args[4]);
        var all = new CountDownLatch(1);
        var topology = topology(args[1], args[2], orders,
                Duration.ofSeconds(Long.parseLong(args[5])),
                Duration.ofSeconds(Long.parseLong(args[6])),
                args[7].equals("memory"), all);
        var streams = new KafkaStreams(topology,
                properties(args[0], args[3], args[8]));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            System.exit(1);
            return null;
        });
        streams.start();
        all.await();
        var counts = counts(streams);
        streams.close();  // commits what was not yet
        var end = Moment.now();
        end.print("took", began);
        end.print("warm", half);
        counts.forEach((status, count) ->
                System.out.printf("%s\t%d%n", status, count));
    }

    private record Moment(long clockNs, long cpuNs) {
        static Moment now() {
            return new Moment(System.nanoTime(), SYSTEM.getProcessCpuTime());
        }

        void print(String name, Moment since) {
            System.out.printf("%s\t%.3f\t%.3f%n", name,
                    (clockNs - since.clockNs) / 1e9,
                    (cpuNs - since.cpuNs) / 1e9);
        }
    }

    private static Properties properties(String broker, String id, String folder) {
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return properties;
    }

    private static Topology topology(String topic,
            String output, long orders, Duration window, Duration lateness,
            boolean inMemory, CountDownLatch all) {
        // Nothing is forgotten before it was asked for.
        var retention = Duration.ofDays(1);
        WindowBytesStoreSupplier store = inMemory
                ? Stores.inMemoryWindowStore(STORE, retention, window, false)
                : Stores.persistentTimestampedWindowStore(STORE, retention,
                        window, false);
        var builder = new StreamsBuilder();
        builder.stream(topic, Consumed
                        .with(Serdes.Void(), Serdes.serdeFrom(NONE, new Reader()))
                        .withTimestampExtractor(new Created()))
                // The key becomes the status: what follows is sent through a
                // topic, by which an order needs no more than that.
                .map((key, order) -> KeyValue.pair(
                        order.status, (short) 1))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.Short()))
                .windowedBy(TimeWindows.ofSizeAndGrace(window, lateness))
                .aggregate(() -> 0L, new Count(orders, all)::add,
                        Materialized.<String, Long>as(store)
                                .withKeySerde(Serdes.String())
                                .withValueSerde(Serdes.Long()))
                .toStream((key, count) ->
                        key.window().startTime() + "\t" + key.key())
                .to(output, Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    /** Adds up, and knows when that was all. */
    private static final class Count {
        private final long orders;
        private final CountDownLatch all;
        private long counted;

        Count(long orders, CountDownLatch all) {
            this.orders = orders;
            this.all = all;
        }

        long add(String status, short one, long count) {
            if (++counted == orders) {
                all.countDown();
            } else if (counted == orders / 2) {
                half = Moment.now();
            }
            return count + one;
        }
    }

    /** All windows of the store together. */
    private static Map<String, Long> counts(KafkaStreams streams) {
        var counts = new TreeMap<String, Long>();
        var store = streams.store(StoreQueryParameters.fromNameAndType(STORE,
                QueryableStoreTypes.<String, Long>windowStore()));
        try (var rows = store.all()) {
            rows.forEachRemaining(row ->
                    counts.merge(row.key.key(), row.value, Long::sum));
        }
        return counts;
    }

    /** What is read of an order. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Order {
        public String status;
        public String created_at;
    }

    private static final class Reader
            implements Deserializer<Order> {
        private final ObjectReader reader =
                new ObjectMapper().readerFor(Order.class);

        @Override
        public Order deserialize(String topic, byte[] message) {
            if (began == null) {
                began = Moment.now();
            }
            try {
                return reader.readValue(message);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }

    private static final class Created implements TimestampExtractor {
        @Override
        public long extract(ConsumerRecord<Object, Object> message, long newest) {
            var created = ((Order) message.value()).created_at;
            return created == null ? message.timestamp()
                    : Instant.parse(created).toEpochMilli();
        }
    }
}
