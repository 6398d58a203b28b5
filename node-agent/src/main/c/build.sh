#!/bin/sh
# Builds Netty's epoll transport as an archive for the native executable: build.sh JAVA_HOME SOURCES OBJECTS
# SOURCES are the C files that Netty publishes beside its jars. Without musl's compiler there is no archive: whoever
# builds the executable is told so by scripts/native-image.
set -eu
java_home=$1 sources=$2 objects=$3
here=$(cd "$(dirname "$0")" && pwd)
archive=$objects/libnetty_epoll.a
musl=x86_64-linux-musl-gcc

command -v "$musl" >/dev/null || exit 0
[ ! -f "$archive" ] || [ -n "$(find "$here" "$sources" -newer "$archive" -print -quit)" ] || exit 0
mkdir -p "$objects"
rm -f "$archive" "$objects"/*.o
# compile SOURCE OPTION...: no warnings for what is not ours. The kernel's own headers, which musl has none of, come after
# musl's.
compile() {
    source=$1
    shift
    "$musl" -std=gnu11 -O2 -fPIC -w -fvisibility=hidden -fno-strict-aliasing -DNETTY_BUILD_STATIC -DNETTY_JNI_UTIL_BUILD_STATIC \
        -idirafter /usr/include -idirafter "/usr/include/$("${CC:-gcc}" -dumpmachine)" \
        -I"$java_home/include" -I"$java_home/include/linux" -I"$sources" "$@" \
        -c "$source" -o "$objects/$(basename "$source" .c).o"
}
for source in "$here/epoll.c" "$sources"/*.c; do
    case $source in
        # musl has strerror_r(3) of POSIX alone, and that is what the file takes when it does not see the GNU extensions.
        */netty_unix_errors.c) compile "$source" -D_POSIX_C_SOURCE=200809L ;;
        # The old BSD name of a type, which musl has not.
        *) compile "$source" -D_GNU_SOURCE -Du_int16_t=uint16_t ;;
    esac
done
ar rcsD "$archive" "$objects"/*.o
