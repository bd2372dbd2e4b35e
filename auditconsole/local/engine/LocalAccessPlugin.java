package auditconsole;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import org.opensearch.Version;
import org.opensearch.common.network.NetworkService;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Setting.Property;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.PageCacheRecycler;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.transport.BoundTransportAddress;
import org.opensearch.core.common.transport.TransportAddress;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.NetworkPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.telemetry.tracing.Tracer;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.SharedGroupFactory;
import org.opensearch.transport.Transport;
import org.opensearch.transport.client.node.NodeClient;
import org.opensearch.transport.netty4.Netty4Transport;

/**
 * Lets only the console use this node: every request over HTTP needs the console's password (RFC 7617), a Host that is this
 * machine and no Origin, and the node listens for no other nodes.
 */
public final class LocalAccessPlugin extends Plugin implements ActionPlugin, NetworkPlugin {

    /** The file that holds `user:password`, readable by the console's account alone. */
    private static final Setting<String> CREDENTIALS =
        Setting.simpleString("console.credentials_file", Property.NodeScope);
    /** The name of the transport below, for `transport.type`. */
    private static final String CLOSED = "closed";
    private static final Set<String> LOCAL_HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");
    private static final String REFUSED = "{\"error\":\"This engine answers only to the console that started it.\",\"status\":403}";

    /** What the header Authorization must be. */
    private final byte[] authorization;

    public LocalAccessPlugin(Settings settings, Path configPath) throws IOException {
        byte[] credentials = Files.readString(Path.of(CREDENTIALS.get(settings))).strip().getBytes(StandardCharsets.UTF_8);
        this.authorization = ("Basic " + Base64.getEncoder().encodeToString(credentials)).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public List<Setting<?>> getSettings() {
        return List.of(CREDENTIALS);
    }

    @Override
    public UnaryOperator<RestHandler> getRestHandlerWrapper(ThreadContext threadContext) {
        return CheckedHandler::new;
    }

    @Override
    public Map<String, Supplier<Transport>> getTransports(
        Settings settings,
        ThreadPool threadPool,
        PageCacheRecycler pageCacheRecycler,
        CircuitBreakerService circuitBreakerService,
        NamedWriteableRegistry namedWriteableRegistry,
        NetworkService networkService,
        Tracer tracer
    ) {
        return Map.of(
            CLOSED,
            () -> new ClosedTransport(
                settings,
                threadPool,
                networkService,
                pageCacheRecycler,
                namedWriteableRegistry,
                circuitBreakerService,
                new SharedGroupFactory(settings),
                tracer
            )
        );
    }

    private boolean isFromConsole(RestRequest request) {
        String given = request.header("Authorization");
        String host = request.header("Host");
        return given != null
            && host != null
            && request.header("Origin") == null
            && LOCAL_HOSTS.contains(host.replaceFirst(":\\d*$", ""))
            && MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), authorization);
    }

    /** A handler that answers to the console alone. */
    private final class CheckedHandler extends RestHandler.Wrapper {
        CheckedHandler(RestHandler handler) {
            super(handler);
        }

        @Override
        public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
            if (isFromConsole(request)) {
                super.handleRequest(request, channel, client);
            } else {
                channel.sendResponse(new BytesRestResponse(RestStatus.FORBIDDEN, "application/json", REFUSED));
            }
        }
    }

    /** A transport that listens nowhere (`network.server: false`); the address is only what the node says of itself. */
    private static final class ClosedTransport extends Netty4Transport {
        private static final TransportAddress NOWHERE =
            new TransportAddress(InetAddress.getLoopbackAddress(), 0);

        ClosedTransport(
            Settings settings,
            ThreadPool threadPool,
            NetworkService networkService,
            PageCacheRecycler pageCacheRecycler,
            NamedWriteableRegistry namedWriteableRegistry,
            CircuitBreakerService circuitBreakerService,
            SharedGroupFactory sharedGroupFactory,
            Tracer tracer
        ) {
            super(
                settings,
                Version.CURRENT,
                threadPool,
                networkService,
                pageCacheRecycler,
                namedWriteableRegistry,
                circuitBreakerService,
                sharedGroupFactory,
                tracer
            );
        }

        @Override
        public BoundTransportAddress boundAddress() {
            return new BoundTransportAddress(new TransportAddress[] { NOWHERE }, NOWHERE);
        }
    }
}
