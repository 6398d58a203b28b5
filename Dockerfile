# The node agent, and what it installs on a node: the CNI executable. conf/kubernetes/towpath.yaml runs it on every node of
# a cluster.
#
#   docker build -t towpath .
#
# Both executables are static: the base image is there for sh alone.

FROM ghcr.io/graalvm/native-image-community:25 AS graalvm

FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        binutils gcc libc6-dev maven musl-tools zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=graalvm /usr/lib64/graalvm /usr/lib64/graalvm
WORKDIR /towpath
COPY . .
RUN export GRAALVM_HOME="$(echo /usr/lib64/graalvm/*)" JAVA_HOME="$(echo /usr/lib64/graalvm/*)" \
    && mvn -B -ntp -DskipTests -pl cni-plugin,node-agent -am package

FROM busybox:stable-musl
COPY --from=build /towpath/cni-plugin/target/towpath /opt/towpath/towpath
COPY --from=build /towpath/conf/10-towpath.conflist /opt/towpath/10-towpath.conflist
COPY --from=build /towpath/node-agent/target/towpath-node /usr/local/bin/towpath-node
CMD ["towpath-node", "agent"]
