#!/bin/sh
# Builds the C side: build.sh JAVA_HOME HEADERS OBJECTS CLASSES
# A shared library beside the classes for a JVM, and an archive among the objects for a native image.
set -eu
java_home=$1 headers=$2 objects=$3 classes=$4
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$objects" "$classes/io/towpath/linux"
for source in files netns netlink ethtool; do
    ${CC:-gcc} -std=gnu11 -O2 -fPIC -Wall -Wextra -Werror -Wmissing-prototypes -Wvla -fstack-protector-strong \
        -fvisibility=hidden -I"$java_home/include" -I"$java_home/include/linux" -I"$headers" \
        -c "$here/$source.c" -o "$objects/$source.o"
done
rm -f "$objects/libtowpath_netlink.a"
ar rcsD "$objects/libtowpath_netlink.a" "$objects/files.o" "$objects/netns.o" "$objects/netlink.o" "$objects/ethtool.o"
${CC:-gcc} -shared -Wl,-z,defs -Wl,-z,relro,-z,now "$objects"/*.o -o "$classes/io/towpath/linux/libtowpath_netlink.so"
