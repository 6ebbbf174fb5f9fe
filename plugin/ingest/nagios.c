/*
 * nagios: Nagios and Naemon: MACRO=VALUE pairs over NAGIOS_* variables → the alert.
 *
 * Both spellings of a name are taken in both places that can hold them: a pair may be called NAGIOS_HOSTNAME, as the
 * environment has it, and CONTACTADDRESSn is numbered from 0 under that prefix and from 1 without. A pair that the core
 * did not expand ("$SERVICEDESC$" in a host notification) was not given.
 *
 * Naemon has no environment at all: then the pairs, or the broker module's, are everything.
 *
 * DIAGNOSTICS
 * NT_ENOMEM only.
 */
#include "ingest/macros.h"
#include "ingest/source.h"

#include <string.h>

static const char prefix[] = "NAGIOS_";
static const size_t prefix_len = sizeof prefix - 1;

static enum nt_status put(struct kv *macros, const char *name, const char *value)
{
    static const char address[] = "CONTACTADDRESS";
    const size_t digit = sizeof address - 1;
    if (notification_unresolved(value))
        return NT_OK;
    if (strncmp(name, prefix, prefix_len) != 0)
        return macros_put(macros, name, strlen(name), value);
    name += prefix_len;
    if (!strncmp(name, address, digit) && name[digit] >= '0' && name[digit] <= '8' && !name[digit + 1]) {
        char shifted[sizeof address + 1];
        memcpy(shifted, name, sizeof shifted);
        shifted[digit]++;
        return macros_put(macros, shifted, digit + 1, value);
    }
    return macros_put(macros, name, strlen(name), value);
}

enum nt_status nagios_read(const struct ingest_input *in, struct alert *a)
{
    enum nt_status status = NT_OK;
    for (size_t i = 0; in->env && i < in->env->n && !status; i++)
        if (!strncmp(in->env->pair[i].key, prefix, prefix_len))
            status = put(&a->macros, in->env->pair[i].key, in->env->pair[i].value);
    for (size_t i = 0; in->pairs && i < in->pairs->n && !status; i++)
        status = put(&a->macros, in->pairs->pair[i].key, in->pairs->pair[i].value);
    return status ? status : notification_read(a, in->urgent_states, true);
}
