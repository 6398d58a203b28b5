# shellcheck shell=bash
# Sourced by ../native-image: assembles a native-image builder without a GraalVM distribution, and runs it.
#
# A GraalVM distribution is a JDK, the jars of org.graalvm.nativeimage:svm, the JDK's own native libraries as static
# archives, and a few C functions. README.md beside this file says where each comes from. Here all C is compiled for
# musl, because every executable of this project is a static one.

# These four belong together and move together; sums of what they name are in the file checksums.
jdk_version=25.0.3+9
svm_version=25.0.2
sources_archive=pool/main/o/openjdk-25/openjdk-25_25.0.3+9.orig.tar.xz
sources_package="Debian's source package openjdk-25 $jdk_version"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/towpath/native-image
# The part of the JDK's sources that is compiled.
sources_wanted=('src/java.base/share/native/*' 'src/java.base/unix/native/*' 'src/java.base/linux/native/*'
    'src/java.management/share/native/*' 'src/java.prefs/unix/native/*' 'src/jdk.net/linux/native/*'
    'src/jdk.management/share/native/*' 'src/jdk.management/unix/native/*' 'src/jdk.management/linux/native/*'
    'src/hotspot/share/include/*' 'src/hotspot/os/posix/include/*')

sum_of() { awk -v name="$1" '$2 == name { print $1 }' "$here/native/checksums"; }

# Sets builder (a directory) and builder_key, after assembling the builder if it is not in the cache yet.
assemble_builder() {
    [[ $(uname -sm) == 'Linux x86_64' ]] || die "the builder is assembled for Linux on x86-64 only: set GRAALVM_HOME"
    local jdk
    jdk=$(find_jdk)
    builder_key=$(cat "$jdk/release" "$here"/native/{builder.sh,checksums,Exports.java,jvm.c,libchelper.c,reporterchelper.c,svm_locale.h} | sha256sum | cut -c1-16)
    builder=$cache/$builder_key
    [[ -d $builder ]] && return
    require_tools
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock -n "$lock" || { say "another build is assembling the builder: waiting for it" && flock "$lock"; }
    if [[ ! -d $builder ]]; then
        say "assembling a builder in $builder (once; about 2 minutes)"
        work=$(mktemp -d "$cache/new.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        mkdir -p "$work/jars" "$cache/log"
        step "fetching org.graalvm.nativeimage:svm:$svm_version" "$cache/log/jars" fetch_jars
        [[ -d $cache/sources-$jdk_version ]] || fetch_sources
        step "copying the JDK" "$cache/log/jdk" copy_jdk "$jdk"
        step "compiling the JDK's native libraries" "$cache/log/libraries" compile_jdk_libraries
        step "compiling the builder's C functions" "$cache/log/functions" compile_functions
        "$work/jdk/bin/java" --add-modules=jdk.internal.vm.ci,jdk.jfr,jdk.zipfs,jdk.internal.jvmstat,jdk.management.agent \
            "$here/native/Exports.java" >"$work/exports"
        rm -rf "$work"/{headers,objects,jdk/lib/src.zip}
        mv -T "$work" "$builder"
        trap - EXIT
    fi
    exec {lock}>&-
}

find_jdk() {
    local home seen=''
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        [[ -f $home/release ]] || continue
        [[ $(<"$home/release") == *"JAVA_RUNTIME_VERSION=\"$jdk_version"[\"-]* ]] || { seen+=" $home" && continue; }
        [[ -f $home/lib/src.zip ]] || die "$home has no lib/src.zip: install that JDK's sources beside it"
        echo "$home" && return
    done
    die "no JDK $jdk_version: install Temurin $jdk_version and set JAVA_HOME to it (found:${seen:- none})." \
        "For another update of JDK 25, move the pins in scripts/native/builder.sh and scripts/native/checksums." \
        "With GRAALVM_HOME set to a GraalVM for JDK 25, none of this is needed."
}

require_tools() {
    local pair missing=''
    for pair in unzip:unzip xz:xz-utils mvn:maven flock:util-linux; do
        command -v "${pair%:*}" >/dev/null || missing+=" ${pair#*:}"
    done
    [[ -z $missing ]] || die "missing:$missing. Mend: apt-get install$missing"
}

fetch_jars() {
    cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>io.towpath</groupId><artifactId>builder</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.graalvm.nativeimage</groupId><artifactId>svm</artifactId><version>$svm_version</version>
  </dependency></dependencies>
</project>
POM
    mvn -q -B -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies \
        -DoutputDirectory="$work/jars"
    (cd "$work/jars" && grep '\.jar$' "$here/native/checksums" | sha256sum --quiet -c -)
    diff <(find "$work/jars" -name '*.jar' -printf '%f\n' | sort) <(awk '/\.jar$/ { print $2 }' "$here/native/checksums" | sort)
}

# Leaves the wanted sources in $cache/sources-$jdk_version, where later builders find them too.
fetch_sources() {
    local archive=${TOWPATH_JDK_SOURCES:-}
    if [[ $archive ]]; then
        [[ -f $archive ]] || die "TOWPATH_JDK_SOURCES is $archive, which is no file"
        say "taking the JDK's sources from $archive"
    else
        archive=$work/$(basename "$sources_archive")
        step "fetching $sources_package (70 MB)" "$cache/log/sources" download_sources "$archive"
    fi
    mkdir "$work/sources"
    # Whatever tar makes of the archive, the sum tells whether what is needed came out of it.
    tar -xf "$archive" -C "$work/sources" --transform='s,^[^/]*/src/,src/,' --wildcards "${sources_wanted[@]/#/*}" \
        2>"$cache/log/sources" || true
    [[ $(tree_sum "$work/sources") == "$(sum_of sources)" ]] ||
        die "$archive does not hold the sources of JDK $jdk_version whose sum is in scripts/native/checksums"
    mv -T "$work/sources" "$cache/sources-$jdk_version"
    rm -f "$work/$(basename "$sources_archive")"
}

download_sources() {
    local mirror name
    name=$(basename "$sources_archive")
    command -v apt-get >/dev/null || echo 'this machine has no apt'
    # shellcheck disable=SC2016 # apt's own variable
    for mirror in $(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
        /usr/lib/apt/apt-helper download-file "${mirror%/}/${sources_archive//+/%2b}" "$1" "SHA256:$(sum_of "$name")" && return
    done
    echo "No mirror that apt is configured with has $name any more."
    echo "Mend: get that file (or a tar of the JDK's tag jdk-$jdk_version) elsewhere and name it in TOWPATH_JDK_SOURCES;"
    echo "or move the pins in scripts/native/builder.sh and scripts/native/checksums to the update that is there now."
    return 1
}

tree_sum() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1); }

# The builder looks for its C libraries below java.home, so it gets a JDK of its own.
copy_jdk() {
    cp -a --reflink=auto "$1" "$work/jdk"
    mkdir -p "$work/jdk/lib/svm/clibraries/include" "$work/jdk/lib/svm/builder/lib" "$work/jdk/lib/static/linux-amd64/musl"
}

compile_jdk_libraries() {
    local modules='java.base jdk.net java.prefs java.management jdk.management' module
    local java=$work/headers/java headers=$work/headers/jni sources=$cache/sources-$jdk_version/src
    mkdir -p "$java" "$headers" "$work/headers/classes"
    for module in $modules; do
        unzip -qo "$work/jdk/lib/src.zip" "$module/*" -d "$java"
        # javac -h for every class with native methods or @Native constants.
        grep -rlE '\bnative\b|@Native' --include='*.java' "$java/$module" |
            xargs grep -lE '^[^*/]*\bnative\b[^;"]*\(|@Native' >"$work/headers/$module"
        "$work/jdk/bin/javac" -nowarn -proc:none -XDignore.symbol.file -implicit:none -h "$headers" \
            -d "$work/headers/classes" --patch-module "$module=$java/$module" "@$work/headers/$module"
    done

    local flags=(-O2 -std=gnu11 -fno-strict-aliasing -ffunction-sections -fdata-sections -w
        -D_GNU_SOURCE -D_REENTRANT -D_FILE_OFFSET_BITS=64 -D_LARGEFILE64_SOURCE -DLINUX -D_LP64=1 -Damd64 -DARCH='"amd64"'
        -DARCHPROPNAME='"amd64"' -DNDEBUG -DTRIMMED -DSTATIC_BUILD=1 -DUSE_MMAP)
    local short=${jdk_version%+*} base=$sources/java.base directory
    local numbers
    IFS=. read -ra numbers <<<"$short"
    flags+=(-DVERSION_FEATURE="${numbers[0]}" -DVERSION_INTERIM="${numbers[1]:-0}" -DVERSION_UPDATE="${numbers[2]:-0}" -DVERSION_PATCH=0
        -DVERSION_STRING="\"$jdk_version\"" -DVERSION_SHORT="\"$short\"" -DVERSION_NUMBER="\"$short\""
        -DVERSION_SPECIFICATION="\"${numbers[0]}\"")
    flags+=("-I$headers" "-I$work/jdk/include")
    for directory in "$base"/{share,unix,linux}/native/{include,lib{java,nio,net,zip}} "$base"/{share,unix,linux}/native/libnio/{ch,fs} \
        "$sources"/hotspot/{share,os/posix}/include; do
        flags+=("-I$directory")
    done

    compile_jdk_library java java.base
    compile_jdk_library zip java.base
    compile_jdk_library net java.base
    compile_jdk_library nio java.base
    compile_jdk_library extnet jdk.net
    compile_jdk_library prefs java.prefs
    compile_jdk_library management java.management
    compile_jdk_library management_ext jdk.management
}

compile_jdk_library() {
    local name=$1 module=$2 objects=$work/objects/$1
    mkdir -p "$objects"
    find "$sources/$module"/*/native/"lib$name" -name '*.c' ! -path '*/zlib/*' -print0 |
        xargs -0 -P "$(nproc)" -I @@ env --chdir="$objects" "${compiler[@]}" "${flags[@]}" -DLIBRARY_NAME="$name" \
            "-I$sources/$module/unix/native/lib$name" "-I$sources/$module/share/native/lib$name" -c @@
    ar rcs "$work/jdk/lib/static/linux-amd64/musl/lib$name.a" "$objects"/*.o
}

compile_functions() {
    local clibraries=$work/jdk/lib/svm/clibraries static=$work/jdk/lib/static/linux-amd64/musl objects=$work/objects/functions
    local flags=(-O2 -Wall -Wextra -ffunction-sections -fdata-sections "-I$clibraries/include"
        "-I$work/jdk/include" "-I$work/jdk/include/linux")
    mkdir -p "$objects"
    # The builder parses the CPU feature structs of every architecture: they are derived from its own classes.
    local arch
    for arch in AMD64 AArch64 RISCV64; do
        {
            echo '#pragma once'
            echo 'typedef struct {'
            "$work/jdk/bin/javap" -p -cp "$work/jars/svm-$svm_version.jar" \
                "com.oracle.svm.core.${arch,,}.${arch}LibCHelper\$CPUFeatures" |
                sed -n 's/.* boolean \(f[A-Za-z0-9_]*\)();/    char \1;/p'
            echo '} CPUFeatures;'
        } >"$clibraries/include/${arch,,}cpufeatures.h"
    done
    cp "$here/native/svm_locale.h" "$clibraries/include/"
    "${compiler[@]}" "${flags[@]}" -c "$here/native/libchelper.c" -o "$objects/libchelper.o"
    "${compiler[@]}" "${flags[@]}" -c "$here/native/jvm.c" -o "$objects/jvm.o"
    # What the JDK's libraries call and jvm.c lacks becomes a function that ends the process with its name.
    {
        echo '#include <stdio.h>'
        echo '#include <stdlib.h>'
        echo 'static void missing(const char *name) { fputs("native image: not implemented: ", stderr); fputs(name, stderr); abort(); }'
        comm -23 <(nm "$static"/*.a 2>/dev/null | sed -n 's/^ *U \(JVM_[A-Za-z0-9_]*\|jio_[a-z]*\)$/\1/p' | sort -u) \
            <(nm --defined-only "$objects/jvm.o" | awk '$2 == "T" { print $3 }' | sort -u) |
            sed 's/.*/void &(void) { missing("&"); }/'
    } >"$objects/stubs.c"
    "${compiler[@]}" "${flags[@]}" -c "$objects/stubs.c" -o "$objects/stubs.o"
    ar rcs "$clibraries/liblibchelper.a" "$objects/libchelper.o"
    ar rcs "$clibraries/libjvm.a" "$objects/jvm.o" "$objects/stubs.o"
    # The builder's own JVM is no musl program.
    gcc -O2 -fPIC -shared "-I$work/jdk/include" "-I$work/jdk/include/linux" "$here/native/reporterchelper.c" -o "$work/jdk/lib/svm/builder/lib/libreporterchelper.so"
}

# What GraalVM's driver would do: run_builder CLASSPATH MAIN OUTPUT [option...]
run_builder() {
    local classpath=$1 main=$2 output=$3 option jvm=() image=() modules id
    shift 3
    for option; do
        case $option in
            -J*) jvm+=("${option#-J}") ;;
            *) image+=("$option") ;;
        esac
    done
    modules=$(find "$builder/jars" -name '*.jar' ! -name 'compiler-*' | sort | paste -sd:)
    id=$(printf %s "$main $output" | md5sum | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/')
    JVMCI_VERSION_CHECK=ignore "$builder/jdk/bin/java" -Xshare:off -Xss10m -Xmx4g -XX:+UseParallelGC \
        -XX:+UnlockExperimentalVMOptions -XX:+EnableJVMCI -XX:-UseJVMCICompiler \
        -Djava.awt.headless=true -Djava.system.class.loader=com.oracle.svm.hosted.NativeImageSystemClassLoader \
        -Djava.lang.invoke.InnerClassLambdaMetafactory.initializeLambdas=false \
        -Djava.lang.invoke.MethodHandle.DONT_INLINE_THRESHOLD=-1 -Djava.lang.invoke.MethodHandle.PROFILE_GWT=false \
        -Djdk.internal.lambda.disableEagerInitialization=true -Djdk.internal.lambda.eagerlyInitialize=false \
        -Djdk.reflect.useOldSerializableConstructor=true \
        -Dtruffle.TrustAllTruffleRuntimeProviders=true \
        -Dtruffle.TruffleRuntime=com.oracle.truffle.api.impl.DefaultTruffleRuntime \
        -Dgraalvm.ForcePolyglotInvalid=true -Dgraalvm.locatorDisabled=true -Dcom.oracle.graalvm.isaot=true \
        -Dorg.graalvm.nativeimage.imagecode=buildtime -Dorg.graalvm.version="$svm_version" \
        -Dorg.graalvm.vendor=assembled -Dorg.graalvm.vendorurl=assembled -Dorg.graalvm.vendorversion="assembled-$svm_version" \
        "@$builder/exports" --add-modules=ALL-DEFAULT --enable-native-access=org.graalvm.nativeimage.builder "${jvm[@]}" \
        --upgrade-module-path "$builder/jars/compiler-$svm_version.jar" --module-path "$modules" \
        --module org.graalvm.nativeimage.builder/com.oracle.svm.hosted.NativeImageGeneratorRunner \
        -imagecp "$classpath" -H:+UnlockExperimentalVMOptions -H:CLibraryPath="$builder/jdk/lib/svm/clibraries" \
        -H:Path="$(dirname "$output")" -H:Name="$(basename "$output")" -H:Class="$main" -H:ImageBuildID="$id" \
        -H:FallbackThreshold=0 -H:-UseContainerSupport "${image[@]}"
}
