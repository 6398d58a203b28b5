#!/bin/sh
# Builds the C side: build.sh JAVA_HOME HEADERS OBJECTS CLASSES
# A shared library beside the classes for a JVM, and among the objects an archive for the native executables, which are
# static ones with musl. Without musl's compiler there is no archive: whoever builds an executable needs it anyway and
# is told so by scripts/native-image.
set -eu
java_home=$1 headers=$2 objects=$3 classes=$4
here=$(cd "$(dirname "$0")" && pwd)
parts="files publish netns netlink monitor ethtool unix xtables"

# compile FOLDER COMPILER...: the object files, into the folder
compile() {
    into=$1
    shift
    mkdir -p "$into"
    for part in $parts; do
        "$@" -std=gnu11 -O2 -fPIC -Wall -Wextra -Werror -Wmissing-prototypes -Wvla -fstack-protector-strong \
            -fvisibility=hidden -I"$java_home/include" -I"$java_home/include/linux" -I"$headers" \
            -c "$here/$part.c" -o "$into/$part.o"
    done
}

mkdir -p "$classes/io/towpath/linux"
compile "$objects/shared" "${CC:-gcc}"
"${CC:-gcc}" -shared -Wl,-z,defs -Wl,-z,relro,-z,now "$objects/shared"/*.o -o "$classes/io/towpath/linux/libtowpath_netlink.so"

musl=x86_64-linux-musl-gcc
rm -f "$objects/libtowpath_netlink.a"
if command -v "$musl" >/dev/null; then
    # The kernel's own headers, which musl has none of, come after musl's.
    compile "$objects/static" "$musl" -idirafter /usr/include -idirafter "/usr/include/$("${CC:-gcc}" -dumpmachine)"
    ar rcsD "$objects/libtowpath_netlink.a" "$objects/static"/*.o
fi
