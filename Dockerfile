# The CNI plugin as an image that an init container or an installer copies from:
#
#   docker build -t towpath .
#   docker run --rm -v /opt/cni/bin:/host/bin -v /etc/cni/net.d:/host/net.d towpath \
#       sh -c 'cp /opt/cni/bin/towpath /host/bin/ && cp /etc/cni/net.d/10-towpath.conflist /host/net.d/'
#
# The executable is static: the base image is there for sh and cp alone.

FROM ghcr.io/graalvm/native-image-community:25 AS graalvm

FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        binutils gcc libc6-dev maven musl-tools zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=graalvm /usr/lib64/graalvm /usr/lib64/graalvm
WORKDIR /towpath
COPY . .
RUN export GRAALVM_HOME="$(echo /usr/lib64/graalvm/*)" JAVA_HOME="$(echo /usr/lib64/graalvm/*)" \
    && mvn -B -ntp -DskipTests -pl cni-plugin -am package

FROM busybox:stable-musl
COPY --from=build /towpath/cni-plugin/target/towpath /opt/cni/bin/towpath
COPY --from=build /towpath/conf/10-towpath.conflist /etc/cni/net.d/10-towpath.conflist
