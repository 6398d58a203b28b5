package io.towpath.lab.containerd;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.stub.ClientCalls;
import io.towpath.lab.Json;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The kubelet's side of the container runtime interface, {@code runtime.v1.RuntimeService} over a Unix socket: the calls that
 * are about sandboxes. The field numbers are those of the CRI's api.proto.
 */
final class Cri implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 60;
    private static final int NAMESPACE_MODE_POD = 0;

    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ManagedChannel channel;
    private final String cgroupParent;

    Cri(Path socket, String cgroupParent) {
        this.cgroupParent = cgroupParent;
        this.channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .eventLoopGroup(threads)
                .channelType(EpollDomainSocketChannel.class)
                .overrideAuthority("localhost")
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .usePlaintext()
                .build();
    }

    /** What the CRI tells about a sandbox. */
    record Sandbox(String id, boolean isReady, List<String> addresses, long pid, String info) {}

    /** Whether the runtime says that it is ready, its network included. */
    boolean isReady() {
        try {
            Message status = call("Status", new Message()).message(1);
            List<Message> conditions = status.messages(1);
            return !conditions.isEmpty() && conditions.stream().allMatch(condition -> condition.number(2) == 1);
        } catch (StatusRuntimeException e) {
            return false;
        }
    }

    /** A port of the node's that a sandbox asks for; the protocol is TCP's, UDP's or SCTP's number in the CRI: 0, 1, 2. */
    record HostPort(int protocol, int containerPort, int hostPort, String hostIp) {
        private Message message() {
            return new Message()
                    .with(1, protocol)
                    .with(2, containerPort)
                    .with(3, hostPort)
                    .with(4, hostIp);
        }
    }

    /** RunPodSandbox; returns the sandbox's ID. */
    String run(String pod, int attempt, HostPort... ports) {
        Message metadata =
                new Message().with(1, pod).with(2, "uid-" + pod).with(3, "lab").with(4, attempt);
        Message namespaces = new Message().with(1, NAMESPACE_MODE_POD);
        Message linux = new Message().with(1, cgroupParent).with(2, new Message().with(1, namespaces));
        Message config = new Message().with(1, metadata).with(2, pod);
        for (HostPort port : ports) {
            config = config.with(5, port.message());
        }
        config = config.with(8, linux);
        return call("RunPodSandbox", new Message().with(1, config)).text(1);
    }

    Sandbox status(String id) {
        Message answer = call("PodSandboxStatus", new Message().with(1, id).with(2, 1));
        Message status = answer.message(1);
        List<String> addresses = new ArrayList<>();
        if (!status.message(5).text(1).isEmpty()) {
            addresses.add(status.message(5).text(1));
        }
        status.message(5).messages(2).forEach(ip -> addresses.add(ip.text(1)));
        String info = answer.map(2).getOrDefault("info", "{}");
        return new Sandbox(
                status.text(1),
                status.number(3) == 0,
                List.copyOf(addresses),
                Json.read(info).path("pid").asLong(),
                info);
    }

    void stop(String id) {
        call("StopPodSandbox", new Message().with(1, id));
    }

    void remove(String id) {
        call("RemovePodSandbox", new Message().with(1, id));
    }

    /** The IDs of all sandboxes, in whatever state. */
    List<String> list() {
        return call("ListPodSandbox", new Message()).messages(1).stream()
                .map(sandbox -> sandbox.text(1))
                .toList();
    }

    private Message call(String method, Message request) {
        MethodDescriptor<Message, Message> descriptor = MethodDescriptor.<Message, Message>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("runtime.v1.RuntimeService", method))
                .setRequestMarshaller(new WireFormat())
                .setResponseMarshaller(new WireFormat())
                .build();
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return ClientCalls.blockingUnaryCall(channel, descriptor, options, request);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        threads.shutdownGracefully(0, DEADLINE_SECONDS, TimeUnit.SECONDS)
                .syncUninterruptibly()
                .getNow();
    }

    private static final class WireFormat implements MethodDescriptor.Marshaller<Message> {
        @Override
        public InputStream stream(Message message) {
            return new ByteArrayInputStream(message.bytes());
        }

        @Override
        public Message parse(InputStream stream) {
            return Message.read(stream);
        }
    }
}
