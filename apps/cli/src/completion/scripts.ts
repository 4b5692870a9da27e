/** A shell script as it stands, but for the backslash before each `${`, which a template needs. */
function script({ raw }: TemplateStringsArray): string {
  return raw.join("").replaceAll("\\${", "${");
}

/** What makes a shell ask `cos __complete`, by shell. Where cos has no candidates, the shell completes files. */
export const completionScripts = {
  bash: script`# Completion of cos for bash. In ~/.bashrc: source <(cos completion bash)
_cos_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} word trimmed candidate words=()
  # Bash cuts words at : and =, which are parts of words here.
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    trimmed=\${line#"\${line%%[![:space:]]*}"}
    case $trimmed in "$word"*) ;; *) word=$trimmed ;; esac
    if [[ \${#words[@]} -gt 0 && -n $word && $trimmed == "$line" ]]; then words[\${#words[@]}-1]+=$word; else words+=("$word"); fi
    line=\${trimmed#"$word"}
  done
  local current=\${words[\${#words[@]}-1]}
  local cut=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=\${candidate%%$'\t'*}
    COMPREPLY+=("\${candidate#"$cut"}")
  done < <(cos __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _cos_complete cos
`,
  zsh: script`#compdef cos
# Completion of cos for zsh. In ~/.zshrc, behind compinit: source <(cos completion zsh)
_cos() {
  local -a lines described
  local line
  lines=("\${(@f)$(cos __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    described+=("\${\${line%%$'\t'*}//:/\\:}:\${line#*$'\t'}")
  done
  if (( $#described )); then _describe -V cos described; else _files; fi
}
compdef _cos cos
`,
  fish: script`# Completion of cos for fish. In ~/.config/fish/config.fish: cos completion fish | source
function __cos_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (cos __complete -- $words[2..-1] 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c cos -f -a '(__cos_complete)'
`,
} as const;

export type Shell = keyof typeof completionScripts;
