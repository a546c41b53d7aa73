# Finds a JDK that can build and run Lockstep and exports it as JAVA_HOME. Sourced by mvnw and up, so that both need nothing
# but an installed JDK: the java on the PATH of a fresh machine is often an older one. Plain POSIX sh; starts no JVM.

# In a subshell, so that its variables do not leak into the calling script.
JAVA_HOME=$(
  set +efu
  wanted=25
  looked=

  # Prints the major version of the JDK in a folder, or nothing if the folder has no JDK.
  version_of() {
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9][0-9]*\).*/\1/p' "$1/release" | head -n 1
  }

  note() {
    looked="$looked
  $1"
  }

  # Ends the search if the folder has a JDK that is new enough.
  take_if_new_enough() {
    version=$(version_of "$2")
    if [ "${version:-0}" -ge "$wanted" ]; then
      printf '%s\n' "$2"
      exit 0
    fi
    if [ -n "$version" ]; then
      note "$1: $2 is Java $version"
    else
      note "$1: $2 is not a JDK"
    fi
  }

  if [ -n "${JAVA_HOME-}" ]; then
    take_if_new_enough JAVA_HOME "$JAVA_HOME"
  else
    note "JAVA_HOME: not set"
  fi

  java=$(command -v java)
  if [ -n "$java" ]; then
    java=$(readlink -f "$java" 2>/dev/null || printf '%s\n' "$java")
    take_if_new_enough "java on the PATH" "${java%/bin/java}"
  else
    note "java on the PATH: none"
  fi

  # The exact version is preferred to a later one, because the build tools are tested with it.
  later=
  root=${FIND_JDK_ROOT-} # set only by tests
  for folder in "$root/usr/lib/jvm" "$root/opt" "$root/opt/java" "$HOME/.sdkman/candidates/java" "$HOME/.jdks" \
    "$root/Library/Java/JavaVirtualMachines"; do
    found=
    for home in "$folder"/* "$folder"/*/Contents/Home; do
      version=$(version_of "$home")
      if [ -n "$version" ]; then
        found="$found${found:+,} ${home#"$folder"/} is Java $version"
        if [ "$version" -eq "$wanted" ]; then
          printf '%s\n' "$home"
          exit 0
        elif [ "$version" -gt "$wanted" ] && [ -z "$later" ]; then
          later=$home
        fi
      fi
    done
    note "$folder:${found:- no JDK}"
  done
  if [ -n "$later" ]; then
    printf '%s\n' "$later"
    exit 0
  fi

  cat >&2 <<END
Lockstep needs JDK $wanted or later, but none was found. Install one, for example
  Debian, Ubuntu, Fedora: the package temurin-$wanted-jdk, see https://adoptium.net/installation/linux
  macOS:                  brew install --cask temurin@$wanted
  SDKMAN:                 sdk env install
or set JAVA_HOME to its folder. Searched locations:$looked
END
  exit 1
) || exit 1
export JAVA_HOME
