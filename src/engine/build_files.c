/*
 * The text of /etc/hostname, /etc/hosts and /etc/resolv.conf. What is in the image at these places
 * is hidden by them: names are the engine's to give.
 */
#include <string.h>

#include "engine/build_parts.h"

static void build_file(Build *build, const char *name, const StrBuf *text)
{
    BuildResult *result = build->result;
    BuildFile *file =
        arena_append(build->arena, &result->files, &result->file_count, sizeof(*file));
    *file = (BuildFile){ .name = name, .text = arena_strdup(build->arena, strbuf_text(text)) };
}

static void build_hostname_file(Build *build)
{
    char memory[1024];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    const char *name =
        build_is_new(build, NAMESPACE_UTS) ? build->spec->hostname : build->facts->hostname;
    strbuf_printf(&text, "%s\n", name ? name : "localhost");
    build_file(build, "hostname", &text);
}

static void build_hosts_file(Build *build)
{
    char memory[1024];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    const RunRequest *request = build->request;
    const char *name = build->spec->hostname;
    if (build_is_host(build, NAMESPACE_NET) && build->facts->hosts) {
        strbuf_add(&text, build->facts->hosts);
        if (text.length > 0 && text.data[text.length - 1] != '\n')
            strbuf_add_char(&text, '\n');
    } else {
        strbuf_add(&text, "127.0.0.1\tlocalhost\n"
                          "::1\tlocalhost ip6-localhost ip6-loopback\n");
    }
    /* Its own name resolves without a name server, as on a Debian host. */
    if (name && build->spec->domainname)
        strbuf_printf(&text, "127.0.1.1\t%s.%s %s\n", name, build->spec->domainname, name);
    else if (name)
        strbuf_printf(&text, "127.0.1.1\t%s\n", name);
    for (size_t i = 0; i < request->host_count; i++)
        strbuf_printf(&text, "%s\t%s\n", request->hosts[i].address, request->hosts[i].name);
    build_file(build, "hosts", &text);
}

/* The host's lines that begin with `word`. */
static void build_copy_lines(const char *text, const char *word, StrBuf *ret_text)
{
    size_t word_length = strlen(word);
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        if (strncmp(text, word, word_length) == 0 &&
            (text[word_length] == ' ' || text[word_length] == '\t')) {
            strbuf_add_bytes(ret_text, text, length);
            strbuf_add_char(ret_text, '\n');
        }
        text += length + (text[length] == '\n');
    }
}

static void build_join_line(const StrList *list, const char *word, StrBuf *ret_text)
{
    strbuf_add(ret_text, word);
    for (size_t i = 0; i < list->count; i++)
        strbuf_printf(ret_text, " %s", list->items[i]);
    strbuf_add_char(ret_text, '\n');
}

static void build_resolv_file(Build *build)
{
    char memory[1024];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    const RunRequest *request = build->request;
    const char *host = build->facts->resolv_conf;
    for (size_t i = 0; i < request->dns.count; i++)
        strbuf_printf(&text, "nameserver %s\n", request->dns.items[i]);
    if (request->dns.count == 0)
        build_copy_lines(host, "nameserver", &text);
    /* "--dns-search ." means: none, not the host's either. */
    if (request->dns_search.count == 0)
        build_copy_lines(host, "search", &text);
    else if (!strlist_contains(&request->dns_search, "."))
        build_join_line(&request->dns_search, "search", &text);
    if (request->dns_options.count > 0)
        build_join_line(&request->dns_options, "options", &text);
    else
        build_copy_lines(host, "options", &text);
    build_file(build, "resolv.conf", &text);
}

int build_files(Build *build, Error *error)
{
    (void)error;
    if (build->namespaces[NAMESPACE_UTS].mode != REQUEST_NAMESPACE_CONTAINER)
        build_hostname_file(build);
    if (build->namespaces[NAMESPACE_NET].mode != REQUEST_NAMESPACE_CONTAINER) {
        build_hosts_file(build);
        build_resolv_file(build);
    }
    return 0;
}
