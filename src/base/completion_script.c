/*
 * The shells' side of completion: short scripts that call the program for candidates. PROGRAM
 * stands for the name of it.
 *
 * The trap: bash cuts words at '=' and ':' (COMP_WORDBREAKS), so its script puts "--net", "=",
 * "host" together again for the program, and takes off the answers what bash believes to be typed
 * already.
 */
#include "base/completion.h"

#include <string.h>

static const char completion_bash[] =
    "# bash completion for PROGRAM\n"
    "_PROGRAM() {\n"
    "    local -a words=()\n"
    "    local i word last current line glue='' cut=''\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        last=$((${#words[@]} - 1))\n"
    "        if [[ $last -gt 0 && $word =~ ^[=:]+$ ]]; then\n"
    "            words[last]+=$word\n"
    "            glue=1\n"
    "        elif [[ $glue ]]; then\n"
    "            words[last]+=$word\n"
    "            glue=''\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "    done\n"
    "    current=${words[${#words[@]} - 1]}\n"
    "    [[ $COMP_WORDBREAKS == *=* ]] && cut=${current%\"${current##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :file) compopt -o default 2>/dev/null ;;\n"
    "        :directory) compopt -o dirnames 2>/dev/null ;;\n"
    "        :*) ;;\n"
    "        *)\n"
    "            line=${line%%$'\\t'*}\n"
    "            COMPREPLY+=(\"${line#\"$cut\"}\")\n"
    "            [[ $line == *[:=] ]] && compopt -o nospace 2>/dev/null\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"${1/#\\~/$HOME}\" completion words -- \"${words[@]}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _PROGRAM PROGRAM\n";

static const char completion_zsh[] =
    "#compdef PROGRAM\n"
    "# zsh completion for PROGRAM\n"
    "_PROGRAM() {\n"
    "    local -a candidates unfinished\n"
    "    local line word directive\n"
    "    for line in \"${(@f)$(\"${words[1]}\" completion words -- "
    "\"${(@)words[1,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "        case $line in\n"
    "        (:*) directive=${line#:} ;;\n"
    "        (*)\n"
    "            word=${line%%$'\\t'*}\n"
    "            if [[ $word == *[:=] ]]; then\n"
    "                unfinished+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "            else\n"
    "                candidates+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "            fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#candidates )) && _describe -t words PROGRAM candidates\n"
    "    (( $#unfinished )) && _describe -t words PROGRAM unfinished -S ''\n"
    "    [[ -n $directive ]] && compset -P '*='\n"
    "    case $directive in\n"
    "    (file) _files ;;\n"
    "    (directory) _files -/ ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] == _PROGRAM ]]; then\n"
    "    _PROGRAM \"$@\"\n"
    "else\n"
    "    compdef _PROGRAM PROGRAM\n"
    "fi\n";

static const char completion_fish[] =
    "# fish completion for PROGRAM\n"
    "function __PROGRAM_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    for line in ($words[1] completion words -- $words \"$current\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':file'\n"
    "                __fish_complete_path \"$current\"\n"
    "            case ':directory'\n"
    "                __fish_complete_directories \"$current\"\n"
    "            case ':*'\n"
    "            case '*'\n"
    "                echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c PROGRAM -f -a '(__PROGRAM_complete)'\n";

const char *const completion_shells[] = { "bash", "zsh", "fish", NULL };

const char *completion_script(const char *shell, const char *program, Arena *arena)
{
    static const char *const scripts[] = { completion_bash, completion_zsh, completion_fish };
    for (size_t i = 0; completion_shells[i]; i++) {
        if (!str_eq(shell, completion_shells[i]))
            continue;
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        for (const char *p = scripts[i], *hole; *p; p = hole) {
            hole = strstr(p, "PROGRAM");
            if (!hole)
                hole = p + strlen(p);
            strbuf_add_bytes(&text, p, (size_t)(hole - p));
            if (*hole) {
                strbuf_add(&text, program);
                hole += strlen("PROGRAM");
            }
        }
        return arena_strdup(arena, strbuf_text(&text));
    }
    return NULL;
}
