/* What the sanitizers' runtime takes as given in every program of that build. No leak check: it
 * stops the process with ptrace, which a sandboxed or non-dumpable one refuses, and programs let
 * their arenas go with the process. The harness turns it on for unit and root tests. A report ends
 * with a status that is no answer of ours, so that no test takes it for a refusal. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:exitcode=99";
}
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1:exitcode=99";
}
