/* classify: words, severities, and what wakes people. */
#include "ingest/classify.h"

#include "given.h"

static void test_classify__knows_every_monitors_words(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum alert_event event;
        enum alert_phase phase;
    } rows[] = {
        {"PROBLEM", EVENT_PROBLEM, PHASE_NONE},
        {"RECOVERY", EVENT_RECOVERY, PHASE_NONE},
        {"ACKNOWLEDGEMENT", EVENT_ACKNOWLEDGEMENT, PHASE_NONE},
        {"FLAPPINGSTART", EVENT_FLAPPING, PHASE_START},
        {"FLAPPINGSTOP", EVENT_FLAPPING, PHASE_END},
        {"FLAPPINGEND", EVENT_FLAPPING, PHASE_END},
        {"FLAPPINGDISABLED", EVENT_FLAPPING, PHASE_CANCELLED},
        {"DOWNTIMESTART", EVENT_DOWNTIME, PHASE_START},
        {"DOWNTIMEEND", EVENT_DOWNTIME, PHASE_END},
        {"DOWNTIMECANCELLED", EVENT_DOWNTIME, PHASE_CANCELLED},
        {"CUSTOM", EVENT_CUSTOM, PHASE_NONE},
        {"FlappingStart", EVENT_FLAPPING, PHASE_START},
        {"downtime", EVENT_DOWNTIME, PHASE_START},
        {"test", EVENT_TEST, PHASE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum alert_event event = EVENT_TEST;
        enum alert_phase phase = PHASE_CANCELLED;
        assert_int_equal(classify_word(rows[i].word, &event, &phase), NT_OK);
        assert_int_equal(event, rows[i].event);
        assert_int_equal(phase, rows[i].phase);
    }
    enum alert_event event;
    enum alert_phase phase;
    assert_int_equal(classify_word("PROBLEMS", &event, &phase), NT_EINVAL);
    assert_int_equal(classify_word("", &event, &phase), NT_EINVAL);
}

static void test_classify__without_a_type_the_state_decides(void **state)
{
    (void)state;
    static const struct {
        const char *type, *state;
        enum alert_event event;
    } rows[] = {
        {"", "OK", EVENT_RECOVERY},       {"", "UP", EVENT_RECOVERY},
        {"", "up", EVENT_RECOVERY},       {"", "CRITICAL", EVENT_PROBLEM},
        {"", "", EVENT_PROBLEM},          {"", "PENDING", EVENT_PROBLEM},
        {"PROBLEM", "OK", EVENT_PROBLEM}, {"SOMETHINGNEW", "OK", EVENT_CUSTOM},
    };
    struct alert *a = alert_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(alert_set(&a->state, rows[i].state), NT_OK);
        classify_type(a, rows[i].type);
        assert_int_equal(a->event, rows[i].event);
    }
    alert_free(a);
}

static void test_classify__severity_is_the_states(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"OK", "ok"},
        {"UP", "ok"},
        {"WARNING", "warning"},
        {"CRITICAL", "critical"},
        {"DOWN", "critical"},
        {"UNKNOWN", "unknown"},
        {"UNREACHABLE", "unknown"},
        {"critical", "critical"},
        {"MELTING", "unknown"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(classify_severity(rows[i][0]), rows[i][1]);
}

static void test_classify__urgent_is_what_wakes(void **state)
{
    (void)state;
    static const struct {
        enum alert_event event;
        enum alert_phase phase;
        const char *state;
        enum alert_class class, by_warning; /* the second where WARNING alone is urgent */
    } rows[] = {
        {EVENT_PROBLEM, PHASE_NONE, "CRITICAL", CLASS_URGENT, CLASS_ROUTINE},
        {EVENT_PROBLEM, PHASE_NONE, "DOWN", CLASS_URGENT, CLASS_ROUTINE},
        {EVENT_PROBLEM, PHASE_NONE, "UNREACHABLE", CLASS_URGENT, CLASS_ROUTINE},
        {EVENT_PROBLEM, PHASE_NONE, "UNKNOWN", CLASS_URGENT, CLASS_ROUTINE},
        {EVENT_PROBLEM, PHASE_NONE, "WARNING", CLASS_ROUTINE, CLASS_URGENT},
        {EVENT_PROBLEM, PHASE_NONE, "warning", CLASS_ROUTINE, CLASS_URGENT},
        {EVENT_PROBLEM, PHASE_NONE, "OK", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_PROBLEM, PHASE_NONE, "MELTING", CLASS_URGENT, CLASS_URGENT},
        {EVENT_PROBLEM, PHASE_NONE, "", CLASS_URGENT, CLASS_URGENT},
        {EVENT_FLAPPING, PHASE_START, "CRITICAL", CLASS_URGENT, CLASS_ROUTINE},
        {EVENT_FLAPPING, PHASE_START, "OK", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_FLAPPING, PHASE_START, "WARNING", CLASS_ROUTINE, CLASS_URGENT},
        {EVENT_FLAPPING, PHASE_END, "CRITICAL", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_FLAPPING, PHASE_CANCELLED, "DOWN", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_RECOVERY, PHASE_NONE, "OK", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_ACKNOWLEDGEMENT, PHASE_NONE, "CRITICAL", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_DOWNTIME, PHASE_START, "DOWN", CLASS_ROUTINE, CLASS_ROUTINE},
        {EVENT_CUSTOM, PHASE_NONE, "OK", CLASS_URGENT, CLASS_URGENT},
        {EVENT_TEST, PHASE_NONE, "", CLASS_URGENT, CLASS_URGENT},
    };
    struct strlist warning;
    strlist_init(&warning);
    assert_int_equal(strlist_add(&warning, "Warning"), NT_OK);
    struct alert *a = alert_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        a->event = rows[i].event;
        a->phase = rows[i].phase;
        assert_int_equal(alert_set(&a->state, rows[i].state), NT_OK);
        assert_int_equal(classify_class(a, NULL), rows[i].class);
        assert_int_equal(classify_class(a, &warning), rows[i].by_warning);
    }
    alert_free(a);
    strlist_clean(&warning);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classify__knows_every_monitors_words),
        cmocka_unit_test(test_classify__without_a_type_the_state_decides),
        cmocka_unit_test(test_classify__severity_is_the_states),
        cmocka_unit_test(test_classify__urgent_is_what_wakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
