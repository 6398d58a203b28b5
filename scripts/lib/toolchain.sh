# shellcheck shell=bash
# Finds or installs what builds Towpath: JDK 25, Maven, a C compiler. Needs console.sh and packages.sh.

jdk_feature_version() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

is_jdk_25() { [[ -x $1/bin/javac && $(jdk_feature_version "$1") == 25 ]]; }

# sudo drops JAVA_HOME, so the usual folders are looked through as well.
find_jdk() {
  local dir
  for dir in "${JAVA_HOME:-}" "${GRAALVM_HOME:-}" /usr/lib/jvm/*25* /opt/*25* "$HOME"/.sdkman/candidates/java/25*; do
    if [[ -n $dir ]] && is_jdk_25 "$dir"; then
      readlink -f "$dir"
      return 0
    fi
  done
  return 1
}

need_jdk() {
  local package
  if ! JAVA_HOME=$(find_jdk); then
    # Without any list of packages, which a fresh machine may lack, none would be found.
    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt_quiet update >/dev/null 2>&1 || true
    if package=$(first_available openjdk-25-jdk-headless temurin-25-jdk); then
      install_packages "$package"
    fi
    JAVA_HOME=$(find_jdk) || die "no JDK 25 found, and this machine's package sources have none" \
      "Unpack one (Temurin, GraalVM, any other) below /usr/lib/jvm, or name it:" \
      "sudo JAVA_HOME=/path/to/jdk-25 $0"
  fi
  export JAVA_HOME
}

# toolchain_packages: what the build runs, apart from the JDK; scripts/native-image asks for the same list. A Maven that did
# not come from Debian is as good.
toolchain_packages() {
  command -v mvn >/dev/null || echo maven
  printf '%s\n' binutils gcc libc6-dev musl-tools unzip util-linux xz-utils zlib1g-dev
}

# build_towpath ROOT MAVEN-ARGUMENT...: executables, without running the tests.
build_towpath() {
  local root=$1 log=$1/target/build.log
  shift
  mkdir -p "$root/target"
  if ! with_progress "building the native executable" "$log" \
    mvn -B -ntp -Dstyle.color=never -f "$root/pom.xml" -Dspotless.check.skip=true "$@" package; then
    tail -n 40 "$log" | sed 's/^/  /' >&2
    give_back_targets "$root"
    die "the build failed; the end of its log is above" "The whole log: $log"
  fi
  give_back_targets "$root"
}
