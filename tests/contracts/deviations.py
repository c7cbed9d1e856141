"""Where an engine does not do what AWS does, and why: the one place that says so."""

from collections.abc import Mapping

Engines = Mapping[str, str]

# The contract is asked of the engine and must fail on it, so that we learn when it is mended.
DEVIATES: Mapping[str, Engines] = {
    # S3
    "test_head_in_a_bucket_that_is_not_there_has_only_a_number": {
        "moto": "says NoSuchBucket, for which an answer to HEAD has no room",
    },
    "test_user_metadata_over_two_kilobytes_is_refused": {
        "moto": "takes user metadata of any size",
        "ministack": "takes user metadata of any size",
    },
    "test_a_key_has_at_most_1024_bytes": {
        "moto": "counts characters instead of bytes",
        "ministack": "takes longer keys",
    },
    "test_if_none_match_with_an_etag_is_not_implemented": {
        "moto": "ignores the condition",
        "ministack": "ignores the condition",
    },
    "test_if_match_with_a_star_is_not_implemented": {
        "moto": "compares the star with the ETag",
        "ministack": "takes the star for any object",
    },
    "test_both_conditions_at_once_are_not_implemented": {
        "moto": "checks one of the two",
        "ministack": "checks one of the two",
    },
    "test_a_quiet_delete_says_nothing_of_what_it_did": {
        "moto": "lists what it deleted all the same",
    },
    "test_a_batch_deletes_at_most_a_thousand_keys": {
        "moto": "takes more",
        "ministack": "takes more",
    },
    "test_a_batch_deletes_at_least_one_key": {
        "ministack": "takes none",
    },
    # S3's notifications
    "test_setting_up_notifications_sends_a_test_event_without_records": {
        "moto": "sends it without RequestId and HostId",
    },
    "test_slashes_in_keys_are_not_encoded": {
        "moto": "encodes them as %2F",
    },
    "test_an_overwrite_with_versions_is_a_put_with_its_version": {
        "moto": "sends no versionId",
    },
    "test_a_removal_has_neither_size_nor_etag": {
        "moto": "sends both, and no sequencer",
        "ministack": "sends both, as 0 and nothing",
    },
    "test_a_delete_with_versions_is_told_as_a_marker_with_its_version": {
        "moto": "tells nothing of delete markers",
    },
    "test_a_delete_marker_is_told_with_the_etag_of_nothing": {
        "moto": "tells nothing of delete markers",
        "ministack": "sends an empty one, and a size",
    },
    "test_deleting_an_old_version_is_told_as_a_delete_of_the_key": {
        "moto": "tells only of the last version's delete",
    },
    "test_an_undelete_is_told_as_a_delete_although_the_object_is_back": {
        "moto": "tells nothing of delete markers",
    },
    "test_sequencers_of_a_key_grow": {
        "moto": "sends no sequencer",
    },
    # SQS
    "test_a_put_off_lasts_at_most_twelve_hours": {
        "ministack": "takes any time",
    },
    "test_put_offs_last_twelve_hours_in_all_since_the_receive": {
        "ministack": "takes any time",
    },
    "test_what_is_visible_cannot_be_put_off": {
        "moto": "puts it off",
        "ministack": "puts it off",
    },
    "test_what_was_deleted_cannot_be_put_off": {
        "moto": "says ReceiptHandleIsInvalid",
        "ministack": "says ReceiptHandleIsInvalid",
    },
    "test_a_delete_with_an_older_handle_succeeds_and_deletes_nothing": {
        "moto": "deletes the message",
        "ministack": "says ReceiptHandleIsInvalid",
    },
    "test_deleting_twice_succeeds": {
        "ministack": "says ReceiptHandleIsInvalid",
    },
    "test_a_batch_deletes_at_most_ten_messages": {
        "moto": "does not count them",
    },
    "test_a_body_with_an_illegal_character_is_refused": {
        "moto": "takes every character",
    },
    "test_an_attribute_with_an_illegal_character_is_refused": {
        "moto": "takes every character",
        "ministack": "takes every character in an attribute",
    },
    "test_an_empty_attribute_is_refused": {
        "moto": "takes it",
        "ministack": "takes it",
    },
    "test_an_empty_body_is_refused": {
        "moto": "takes it",
    },
    "test_a_message_has_at_most_ten_attributes": {
        "moto": "takes more",
        "ministack": "takes more",
    },
    "test_attributes_count_for_the_size_of_a_message": {
        "moto": "counts the body only",
        "ministack": "counts the body only",
    },
    "test_a_dead_letter_tells_where_it_comes_from": {
        "moto": "has no DeadLetterQueueSourceArn",
    },
    "test_a_move_task_makes_new_messages_of_dead_letters": {
        "moto": "has no StartMessageMoveTask",
        "ministack": "has no StartMessageMoveTask",
    },
    # DynamoDB
    "test_values_of_different_types_are_neither_equal_nor_in_order": {
        "moto": "breaks with a TypeError of Python's",
    },
    "test_numbers_come_back_in_their_shortest_form": {
        "moto": "keeps them as they were written",
    },
    "test_an_expression_may_not_speak_of_a_name_that_was_not_given": {
        "moto": "breaks with a KeyError of Python's in REMOVE",
    },
    "test_names_may_be_left_out_but_not_empty": {
        "moto": "takes an empty map",
    },
    "test_an_attribute_is_changed_once_in_an_update": {
        "ministack": "carries out both changes",
    },
    "test_an_item_has_at_most_400_kilobytes": {
        "moto": "refuses smaller items already, from some 405,000 bytes",
    },
    # SNS
    "test_a_message_may_not_be_empty": {
        "moto": "takes it",
        "ministack": "takes it",
    },
}

MACHINE_TIME = "goes by the machine's clock, and SQS keeps a message for a minute at least"
# The engine is not asked, because it cannot even be looked at for this.
CANNOT_SHOW: Mapping[str, Engines] = {
    "test_a_message_is_gone_when_its_retention_is_over": {
        "moto": MACHINE_TIME,
        "ministack": MACHINE_TIME,
    },
    "test_a_move_to_the_dead_letters_does_not_prolong_a_life": {
        "moto": MACHINE_TIME,
        "ministack": MACHINE_TIME,
    },
}
