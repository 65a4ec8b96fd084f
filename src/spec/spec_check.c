/*
 * The checks of single strings that stand beside the rows. Several keep hostile input from becoming
 * a path: names of sysctls, cgroup files and resctrl groups end up under /proc/sys and /sys/fs.
 */
#include <string.h>

#include "spec/spec_table.h"

static bool spec_has_only(const char *value, const char *characters)
{
    return value[strspn(value, characters)] == '\0';
}

/* SemVer 2.0.0 as far as the three numbers; which of them are supported is spec_validate's. */
const char *spec_check_version(const char *value)
{
    const char *p = value;
    for (size_t part = 0; part < 3; part++) {
        size_t digits = strspn(p, "0123456789");
        char after = p[digits];
        bool ends = part < 2 ? after == '.' : after == '\0' || after == '-' || after == '+';
        if (digits == 0 || !ends)
            return "a version like 1.3.0";
        p += digits + 1;
    }
    return NULL;
}

const char *spec_check_host_name(const char *value)
{
    return strlen(value) <= 64 ? NULL : "at most 64 bytes";
}

/* What is not passed on whole would be lost, or be taken from the caller: runc refuses it too. */
const char *spec_check_env(const char *value)
{
    const char *equals = strchr(value, '=');
    return equals && equals != value ? NULL : "NAME=VALUE";
}

const char *spec_check_rlimit(const char *value)
{
    bool fine = str_starts(value, "RLIMIT_") && value[7] != '\0' &&
                spec_has_only(value + 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return fine ? NULL : "RLIMIT_ and capital letters";
}

const char *spec_check_cpu_list(const char *value)
{
    return spec_has_only(value, "0123456789, -") ? NULL : "a list of CPUs like 0-3,7";
}

const char *spec_check_optional_path(const char *value)
{
    return *value ? field_is_absolute_path(value) : NULL;
}

/* dev_valid_name() of the kernel: at most 15 bytes, no '/', ':' or blanks, not "." or "..". */
const char *spec_check_net_device(const char *value)
{
    bool fine = *value && strlen(value) < 16 && !str_eq(value, ".") && !str_eq(value, "..") &&
                !strpbrk(value, "/: \t\n\v\f\r");
    return fine ? NULL : "the name of a network device";
}

const char *spec_check_sysctl(const char *value)
{
    bool fine = *value != '/' && *value != '.' && !strstr(value, "..") && !strstr(value, "//") &&
                !strstr(value, "/.") && !strstr(value, "./");
    return fine ? NULL : "the name of a sysctl";
}

const char *spec_check_device_access(const char *value)
{
    return spec_has_only(value, "rwm") ? NULL : "letters of \"rwm\"";
}

const char *spec_check_page_size(const char *value)
{
    size_t digits = strspn(value, "0123456789");
    bool fine = digits > 0 && value[0] != '0' && value[digits] != '\0' &&
                strchr("KMG", value[digits]) && str_eq(value + digits + 1, "B");
    return fine ? NULL : "a page size like 64KB, 2MB or 1GB";
}

const char *spec_check_cgroup_file(const char *value)
{
    bool fine = !strchr(value, '/') && !str_eq(value, ".") && !str_eq(value, "..");
    return fine ? NULL : "the name of a cgroup file";
}

const char *spec_check_clos_id(const char *value)
{
    bool fine = str_eq(value, "/") ||
                (*value && !strpbrk(value, "/\n") && !str_eq(value, ".") && !str_eq(value, ".."));
    return fine ? NULL : "the name of a resctrl group";
}

const char *spec_check_one_line(const char *value)
{
    return strchr(value, '\n') ? "one line" : NULL;
}

const char *spec_check_mem_bw(const char *value)
{
    return str_starts(value, "MB:") && !strchr(value, '\n') ? NULL
                                                            : "one line that begins with MB:";
}
