/*
 * classify: from the monitors' words to event, phase, severity and class.
 *
 * urgent: a problem, or a start of flapping, in one of the urgent states or in one that is not known; a custom message;
 * a test, because it shall take the way a real page takes. routine: all else.
 *
 * Nothing here owns memory or fails for good: a word that is not known makes an alert more urgent, never less.
 */
#include "ingest/classify.h"

#include "base/log.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    enum alert_event event;
    enum alert_phase phase;
} words[] = {
    {"PROBLEM", EVENT_PROBLEM, PHASE_NONE},
    {"RECOVERY", EVENT_RECOVERY, PHASE_NONE},
    {"ACKNOWLEDGEMENT", EVENT_ACKNOWLEDGEMENT, PHASE_NONE},
    {"ACKNOWLEDGMENT", EVENT_ACKNOWLEDGEMENT, PHASE_NONE},
    {"FLAPPINGSTART", EVENT_FLAPPING, PHASE_START},
    {"FLAPPINGSTOP", EVENT_FLAPPING, PHASE_END}, /* Nagios */
    {"FLAPPINGEND", EVENT_FLAPPING, PHASE_END},  /* Icinga 2 */
    {"FLAPPINGDISABLED", EVENT_FLAPPING, PHASE_CANCELLED},
    {"FLAPPING", EVENT_FLAPPING, PHASE_START},
    {"DOWNTIMESTART", EVENT_DOWNTIME, PHASE_START},
    {"DOWNTIMEEND", EVENT_DOWNTIME, PHASE_END},
    {"DOWNTIMESTOP", EVENT_DOWNTIME, PHASE_END},
    {"DOWNTIMECANCELLED", EVENT_DOWNTIME, PHASE_CANCELLED},
    {"DOWNTIMEREMOVED", EVENT_DOWNTIME, PHASE_CANCELLED},
    {"DOWNTIME", EVENT_DOWNTIME, PHASE_START},
    {"CUSTOM", EVENT_CUSTOM, PHASE_NONE},
    {"TEST", EVENT_TEST, PHASE_NONE},
};

static const struct {
    const char *state, *severity;
    bool urgent; /* by default */
} states[] = {
    {"OK", "ok", false},
    {"UP", "ok", false},
    {"WARNING", "warning", false},
    {"CRITICAL", "critical", true},
    {"DOWN", "critical", true},
    {"UNKNOWN", "unknown", true},
    {"UNREACHABLE", "unknown", true},
};

enum nt_status classify_word(const char *word, enum alert_event *event, enum alert_phase *phase)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcasecmp(words[i].word, word)) {
            *event = words[i].event;
            *phase = words[i].phase;
            return NT_OK;
        }
    }
    return NT_EINVAL;
}

void classify_type(struct alert *a, const char *type)
{
    a->phase = PHASE_NONE;
    if (!*type) {
        a->event = classify_good(a->state) ? EVENT_RECOVERY : EVENT_PROBLEM;
    } else if (classify_word(type, &a->event, &a->phase)) {
        log_warning("notification type \"%.64s\" is not known: sent as a custom message", type);
        a->event = EVENT_CUSTOM;
    }
}

bool classify_good(const char *state)
{
    return !strcasecmp(state, "OK") || !strcasecmp(state, "UP");
}

/* Index into states, or their number for a state that is not known. */
static size_t find_state(const char *state)
{
    size_t i = 0;
    while (i < sizeof states / sizeof *states && strcasecmp(states[i].state, state) != 0)
        i++;
    return i;
}

const char *classify_severity(const char *state)
{
    size_t i = find_state(state);
    return i < sizeof states / sizeof *states ? states[i].severity : *state ? "unknown" : "";
}

static bool urgent_state(const char *state, const struct strlist *urgent_states)
{
    size_t known = find_state(state);
    if (known == sizeof states / sizeof *states)
        return true;
    if (!urgent_states)
        return states[known].urgent;
    for (size_t i = 0; i < urgent_states->n; i++)
        if (!strcasecmp(urgent_states->item[i], state))
            return true;
    return false;
}

enum alert_class classify_class(const struct alert *a, const struct strlist *urgent_states)
{
    switch (a->event) {
    case EVENT_PROBLEM:
        return urgent_state(a->state, urgent_states) ? CLASS_URGENT : CLASS_ROUTINE;
    case EVENT_FLAPPING:
        return a->phase == PHASE_START && urgent_state(a->state, urgent_states) ? CLASS_URGENT : CLASS_ROUTINE;
    case EVENT_CUSTOM:
    case EVENT_TEST:
        return CLASS_URGENT;
    case EVENT_RECOVERY:
    case EVENT_ACKNOWLEDGEMENT:
    case EVENT_DOWNTIME:
        break;
    }
    return CLASS_ROUTINE;
}
