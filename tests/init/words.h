/* The words that stand for numbers in tests: signals, namespaces, resources, socket families. Each
 * function exits 2 with a message for a word it does not know; plain numbers are understood too. */
#pragma once

long words_signal(const char *word);
const char *words_signal_name(int number);
long words_namespace(const char *word);
long words_rlimit(const char *word);
long words_family(const char *word);
