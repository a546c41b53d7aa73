# Defines check_options, with which up and faults/run check the options of a Java program before they build it. Sourced by both.

# check_options COMMAND HELP [OPTION ...]
# Prints the file HELP and exits if --help is among the options. Exits with 2 if an option is not listed there, lacks its value, or has a
# value that it does not take. The program itself checks the values. A test compares the file with the help of the program.
check_options() {
  local command=$1 help=$2 known name
  shift 2
  for name in "$@"; do
    if [ "$name" = --help ]; then
      cat "$help"
      exit 0
    fi
  done
  # The names, separated by blanks. A name that takes a value ends with an equals sign.
  known=" $(sed -nE 's/^ {1,8}(--[a-z-]+)(=?).*/\1\2/p' "$help" | tr '\n' ' ')"
  while [ $# -gt 0 ]; do
    name=${1%%=*}
    case $known in
    *" $name= "*)
      if [ "$1" = "$name" ]; then
        [ $# -gt 1 ] || fail_option "$name needs a value; $command --help describes it"
        shift
      fi
      ;;
    *" $name "*) [ "$1" = "$name" ] || fail_option "$name takes no value; $command --help describes it" ;;
    *) fail_option "$1 is not an option; $command --help lists them" ;;
    esac
    shift
  done
}

fail_option() {
  printf '%s\n' "$1" >&2
  exit 2
}
