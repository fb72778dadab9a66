/// Names that change what later commands do get their values in other ways than by an assignment.
extension Attack {
  static let bindings = [
    list(
      "loops, builtins and expansions that bind PATH and its kind",
      """
      hello *; cd * => for PATH in $PWD:/usr/bin:/bin; do hello a MARK; done
      hello * => for PATH in .:/usr/bin:/bin; do hello a MARK; done
      hello * => select PATH in .:/usr/bin:/bin; do hello a MARK; break; done <<<1
      hello *; read * => read PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => read -r PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read *; builtin * => builtin read PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => x=read; $x PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read *; command * => x=read; command $x PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => {read,PATH} <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => read {PATH,x} <<< ".:/usr/bin:/bin b"; hello a MARK
      hello *; while * => while read PATH; do hello a MARK; break; done <<< .:/usr/bin:/bin
      hello *; printf * => printf -v PATH %s .:/usr/bin:/bin; hello a MARK
      hello *; printf * => printf -vPATH %s .:/usr/bin:/bin; hello a MARK
      hello *; printf * => {printf,-v,PATH,%s,.:/usr/bin:/bin}; hello a MARK
      hello *; printf * => printf {-v,PATH} .:/usr/bin:/bin; hello a MARK
      hello *; mapfile * => mapfile -t PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; readarray * => readarray -t PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => read -a PATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; read * => read -raPATH <<< .:/usr/bin:/bin; hello a MARK
      hello *; unset *; : * => unset PATH; : ${PATH:=.:/usr/bin:/bin}; hello a MARK
      hello *; unset *; : * => unset PATH; : ${PATH=.:/usr/bin:/bin}; hello a MARK
      mkdir *; cp *; hello * => mkdir 1; cp hello /usr/bin/tou?h 1; ((PATH=1)); hello a MARK
      set *; printf * => printf -v PS4 %s '$(touch MARK)'; set -x; printf a
      set *; echo * => for PS4 in '$(touch MARK)'; do set -x; echo a; done
      set *; read *; echo * => read -r PS4 <<< '$(touch MARK)'; set -x; echo a
      """)
  ]
}
