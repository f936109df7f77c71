# Sourced by the scripts of this folder, which define fail.

# Sets JAVA_HOME to a JDK 25 with the tool $1: what is set, or the usual places.
find_jdk() {
  local folder own=${HOME:-/none}
  for folder in "${JAVA_HOME:-/none}" /usr/lib/jvm/* /opt/* "$own"/.sdkman/candidates/java/* "$own"/.jdks/*; do
    if [[ -x $folder/bin/$1 ]] && grep -qs '^JAVA_VERSION="25' "$folder/release"; then
      export JAVA_HOME=$folder
      return
    fi
  done
  fail "no JDK 25 with $1 found; install temurin-25-jdk or set JAVA_HOME"
}
