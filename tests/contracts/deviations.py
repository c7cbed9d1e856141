"""The deviations of each engine from AWS, with the reason."""

from collections.abc import Mapping

Engines = Mapping[str, str]

# The contract runs on the engine and must fail, so that we notice when the engine is fixed.
DEVIATES: Mapping[str, Engines] = {
    # S3
    "test_head_in_a_missing_bucket_has_only_a_status": {
        "moto": "says NoSuchBucket, although a response to HEAD has no body",
    },
    "test_user_metadata_over_two_kilobytes_is_refused": {
        "moto": "accepts user metadata of any size",
        "ministack": "accepts user metadata of any size",
    },
    "test_a_key_has_at_most_1024_bytes": {
        "moto": "counts characters instead of bytes",
        "ministack": "accepts longer keys",
    },
    "test_if_none_match_with_an_etag_is_not_implemented": {
        "moto": "ignores the condition",
        "ministack": "ignores the condition",
    },
    "test_if_match_with_a_star_is_not_implemented": {
        "moto": "compares the star with the ETag",
        "ministack": "treats the star as any object",
    },
    "test_both_conditions_at_once_are_not_implemented": {
        "moto": "checks one of the two",
        "ministack": "checks one of the two",
    },
    "test_a_quiet_delete_lists_no_deleted_keys": {
        "moto": "lists the deleted keys",
    },
    "test_a_batch_deletes_at_most_a_thousand_keys": {
        "moto": "accepts more",
        "ministack": "accepts more",
    },
    "test_a_batch_deletes_at_least_one_key": {
        "ministack": "accepts none",
    },
    "test_an_object_has_the_tags_of_its_last_put": {
        "ministack": "keeps the tags of the put before",
    },
    "test_a_copy_of_other_bytes_than_the_etag_says_is_refused": {
        "moto": "ignores the condition",
    },
    "test_a_variant_that_was_replaced_is_not_copied": {
        "moto": "ignores the condition of a copy",
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
        "ministack": "sends both, as 0 and empty",
    },
    "test_a_delete_with_versioning_sends_a_marker_event_with_its_version": {
        "moto": "sends no event for delete markers",
    },
    "test_a_delete_marker_event_has_the_etag_of_an_empty_object": {
        "moto": "sends no event for delete markers",
        "ministack": "sends an empty one, and a size",
    },
    "test_deleting_an_old_version_sends_a_delete_event_for_the_key": {
        "moto": "sends an event only for the last version's delete",
    },
    "test_an_undelete_sends_a_delete_event_although_the_object_is_back": {
        "moto": "sends no event for delete markers",
    },
    "test_sequencers_of_a_key_grow": {
        "moto": "sends no sequencer",
    },
    # SQS
    "test_a_message_is_delayed_for_at_most_fifteen_minutes": {
        "ministack": "accepts any delay",
    },
    "test_a_changed_visibility_timeout_is_at_most_twelve_hours": {
        "ministack": "accepts any time",
    },
    "test_visibility_timeouts_last_twelve_hours_in_all_since_the_receive": {
        "ministack": "accepts any time",
    },
    "test_the_visibility_timeout_of_a_deleted_message_cannot_be_changed": {
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
        "moto": "accepts every character",
    },
    "test_an_attribute_with_an_illegal_character_is_refused": {
        "moto": "accepts every character",
        "ministack": "accepts every character in an attribute",
    },
    "test_an_empty_attribute_is_refused": {
        "moto": "accepts it",
        "ministack": "accepts it",
    },
    "test_an_empty_body_is_refused": {
        "moto": "accepts it",
    },
    "test_a_message_has_at_most_ten_attributes": {
        "moto": "accepts more",
        "ministack": "accepts more",
    },
    "test_attributes_count_for_the_size_of_a_message": {
        "moto": "counts the body only",
        "ministack": "counts the body only",
    },
    "test_a_dead_letter_has_its_source_queue": {
        "moto": "has no DeadLetterQueueSourceArn",
    },
    "test_a_move_task_makes_new_messages_of_dead_letters": {
        "moto": "has no StartMessageMoveTask",
        "ministack": "has no StartMessageMoveTask",
    },
    # DynamoDB
    "test_a_query_of_a_missing_index_is_refused": {
        "moto": "says ResourceNotFoundException",
    },
    "test_values_of_different_types_are_neither_equal_nor_in_order": {
        "moto": "fails with a TypeError",
    },
    "test_numbers_come_back_in_their_shortest_form": {
        "moto": "returns them as they were written",
    },
    "test_an_expression_may_not_use_an_undefined_name": {
        "moto": "fails with a KeyError in REMOVE",
    },
    "test_names_may_be_left_out_but_not_empty": {
        "moto": "accepts an empty map",
    },
    "test_an_attribute_is_changed_once_in_an_update": {
        "ministack": "carries out both changes",
    },
    "test_an_item_has_at_most_400_kilobytes": {
        "moto": "refuses items from some 405,000 bytes",
    },
    # SNS
    "test_a_message_may_not_be_empty": {
        "moto": "accepts it",
        "ministack": "accepts it",
    },
}

MACHINE_TIME = "uses the machine's clock, and the shortest retention is a minute"
# The contract cannot run on the engine.
CANNOT_SHOW: Mapping[str, Engines] = {
    "test_a_message_expires_when_its_retention_ends": {
        "moto": MACHINE_TIME,
        "ministack": MACHINE_TIME,
    },
    "test_a_move_to_the_dead_letter_queue_does_not_prolong_the_retention": {
        "moto": MACHINE_TIME,
        "ministack": MACHINE_TIME,
    },
}
