/*
 * Reads the words as command_parse does, but never fails: what it cannot place it skips. The word
 * under the cursor is the last one; everything is decided by what stands before it.
 */
#include "base/completion.h"

#include <string.h>

void completion_offer(Completion *completion, Arena *arena, const char *word, const char *help)
{
    if (!str_starts(word, completion->prefix))
        return;
    CompletionCandidate *candidate =
        arena_append(arena, &completion->candidates, &completion->count, sizeof(*candidate));
    candidate->word = arena_printf(arena, "%s%s", completion->lead, word);
    candidate->help = help ? help : "";
}

static const char *const completion_bools[] = { "true", "false", NULL };

static void completion_of_value(Completion *completion, Arena *arena, const Option *option)
{
    const char *const *words = option->words ? option->words : option->choices;
    if (option_is_flag(option) && !option->implied)
        words = completion_bools;
    completion->completes = option->completes;
    for (; words && *words; words++) {
        completion_offer(completion, arena, *words, NULL);
        /* "container:" is followed by a container. */
        size_t length = strlen(*words);
        if (!str_ends(*words, ":") || !str_starts(completion->prefix, *words))
            continue;
        completion->completes = arena_strndup(arena, *words, length - 1);
        completion->lead = arena_printf(arena, "%s%s", completion->lead, *words);
        completion->prefix += length;
        completion->count = 0;
        return;
    }
}

static void completion_of_options(Completion *completion, Arena *arena, const Option *options)
{
    for (const Option *o = options; o && o->kind != OPTION_KIND_END; o++)
        if (option_is_real(o) && !o->hidden)
            completion_offer(completion, arena, arena_printf(arena, "--%s", o->name), o->help);
    completion_offer(completion, arena, "--help", "Show what the command does");
}

static void completion_of_children(Completion *completion, Arena *arena, const Command *command)
{
    for (const Command *const *c = command->children; c && *c; c++)
        if (!(*c)->hidden)
            completion_offer(completion, arena, (*c)->name, (*c)->summary);
}

/* The option that takes its value from the word after this one; NULL if there is none. */
static const Option *completion_waiting(const Option *options, const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return NULL;
    const Option *option = NULL;
    if (word[1] == '-') {
        option = strchr(word, '=') ? NULL : option_find(options, word + 2, strlen(word + 2));
        return option && !option_is_flag(option) ? option : NULL;
    }
    for (const char *p = word + 1; *p && p[1] != '='; p++) {
        option = option_find_letter(options, *p);
        if (!option)
            return NULL;
        if (!option_is_flag(option))
            return p[1] ? NULL : option;
    }
    return NULL;
}

/* What stands before the word under the cursor. */
typedef struct CompletionPlace {
    const Command *command;
    const Option *waiting; /* its value is being typed */
    size_t arguments;      /* of the command, so far */
    bool options_ended;
} CompletionPlace;

static CompletionPlace completion_place(const Command *root, char *const *words, size_t count)
{
    CompletionPlace place = { .command = root };
    for (size_t i = 1; i + 1 < count; i++) {
        const char *word = words[i];
        if (place.waiting) {
            place.waiting = NULL;
            continue;
        }
        if (!place.options_ended && word[0] == '-' && word[1]) {
            place.options_ended = str_eq(word, "--");
            place.waiting = completion_waiting(place.command->options, word);
            continue;
        }
        const Command *child = command_child(place.command, word);
        if (child && place.arguments == 0) {
            place = (CompletionPlace){ .command = child };
            continue;
        }
        place.arguments++;
        if (place.command->mode == OPTION_STOP_AT_ARGUMENT)
            place.options_ended = true;
    }
    return place;
}

void completion_find(const Command *root, char *const *words, size_t count, Arena *arena,
                     Completion *ret_completion)
{
    const char *word = count > 1 ? words[count - 1] : "";
    Completion *completion = ret_completion;
    *completion = (Completion){ .prefix = word, .lead = "" };
    CompletionPlace place = completion_place(root, words, count);
    const Command *command = place.command;

    if (place.waiting) {
        completion_of_value(completion, arena, place.waiting);
        return;
    }
    if (!place.options_ended && word[0] == '-') {
        const char *equals = strchr(word, '=');
        if (!str_starts(word, "--") || !equals) {
            completion_of_options(completion, arena, command->options);
            return;
        }
        const Option *option = option_find(command->options, word + 2, (size_t)(equals - word - 2));
        completion->prefix = equals + 1;
        completion->lead = arena_strndup(arena, word, (size_t)(equals + 1 - word));
        if (option)
            completion_of_value(completion, arena, option);
        return;
    }
    if (command->children && place.arguments == 0)
        completion_of_children(completion, arena, command);
    if (place.arguments >= command->arguments_max)
        return;
    /* Behind `run IMAGE` stands a command line of the container's: nothing is known about it. */
    if (place.arguments == 0 || command->mode == OPTION_PERMUTE)
        completion->completes = command->completes;
}

void completion_print(const Completion *completion, StrBuf *ret_text)
{
    for (size_t i = 0; i < completion->count; i++)
        strbuf_printf(ret_text, "%s\t%s\n", completion->candidates[i].word,
                      completion->candidates[i].help);
    bool path = str_eq(completion->completes, "file") || str_eq(completion->completes, "directory");
    strbuf_printf(ret_text, ":%s\n", path ? completion->completes : "");
}
