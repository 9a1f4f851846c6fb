"""The security checklist: each line, and the tests elsewhere that hold it.

Tests in tests/security name their line themselves (`@pytest.mark.matrix`). docs/matrices.py reads
this file without running it.
"""

CHECKLIST = {
    "No pickle on disk or wire; nothing is evaluated or run by a shell": (
        "tests/architecture/test_architecture.py::test_nothing_is_unpickled_evaluated_or_left_open",
    ),
    "YAML is loaded safely, and bombs are refused": (
        "tests/properties/test_bad_files.py::test_r12_a_bomb_is_refused_at_once",
        "tests/unit/test_settings.py::test_wrong_settings_are_named",
    ),
    "SQL: bound values, table names from an allow-list, the source only read": (
        "tests/unit/extract/test_database.py::test_views_are_tables_and_strange_names_are_only_names",
        "tests/unit/extract/test_database.py::test_the_source_never_writes_and_reads_one_snapshot",
        "tests/faults/test_postgres.py::test_a_source_that_keeps_silent_is_given_up_and_never_written",
        "tests/unit/extract/test_database.py::test_r12_a_view_of_too_many_rows_is_refused",
    ),
    "Paths: weeks, plans and versions are checked before they touch one": (
        "tests/unit/store/test_week_store.py::test_keys_that_are_no_weeks_never_touch_a_path",
        "tests/unit/store/test_week_store.py::test_other_parts_of_a_path_are_checked_too",
        "tests/unit/records/test_records.py::test_plan_ids_are_checked_before_they_touch_a_path",
    ),
    "Paths: no symbolic link leads out": (
        "tests/unit/store/test_week_store.py::test_symbolic_link_cannot_lead_out_of_the_store",
        "tests/unit/publish/test_publish_plan.py::"
        "test_links_that_lead_out_of_the_publications_are_not_followed",
    ),
    "Paths: a message's name cannot be one": (
        "tests/unit/publish/test_deliver.py::test_message_id_cannot_name_a_path",
    ),
    "HTML: text never becomes markup, on the page and in pictures": (
        "tests/unit/publish/test_page.py::test_text_from_the_data_never_becomes_markup",
        "tests/unit/publish/test_waterfall.py::test_a_cause_nobody_knows_is_shown_and_escaped",
        "tests/end_to_end/test_page_in_browser.py::"
        "test_nothing_is_asked_of_any_network_and_hostile_names_stay_text",
    ),
    "HTML: a strict Content-Security-Policy": (
        "tests/unit/publish/test_page.py::"
        "test_policy_names_every_inline_style_and_script_and_nothing_else",
        "tests/unit/publish/test_charts.py::test_no_style_attribute_breaks_a_strict_content_policy",
    ),
    "HTML: no network is needed": (
        "tests/unit/publish/test_page.py::test_page_loads_nothing_and_links_only_files_beside_it",
        "tests/unit/publish/test_message.py::"
        "test_every_picture_is_inside_and_nothing_remote_is_loaded",
    ),
    "Dagster: metadata from the data carries no markup": (
        "tests/orchestration/test_metadata.py::test_a_preview_cannot_carry_markup",
    ),
    "Spreadsheets: no cell becomes a formula": (
        "tests/unit/publish/test_csv_cells.py::"
        "test_text_that_a_spreadsheet_would_run_gets_an_apostrophe",
        "tests/unit/publish/test_workbook.py::test_text_from_the_data_stays_text",
        "tests/unit/publish/test_workbook.py::test_any_text_comes_back_as_it_went_in",
    ),
    "Mail: headers refuse line breaks": (
        "tests/unit/publish/test_publish_plan.py::test_company_name_cannot_add_a_header",
        "tests/unit/publish/test_recall.py::test_line_breaks_in_a_reason_become_spaces",
    ),
    "Mail: recipients are the plan's, one address each": (
        "tests/unit/publish/test_deliver.py::test_every_recipient_gets_one_message_once",
        "tests/unit/test_settings.py::test_wrong_settings_are_named",
    ),
    "Mail: no other domain than the allowed ones": (
        "tests/unit/publish/test_deliver.py::test_no_email_leaves_the_allowed_domains",
    ),
    "Mail: TLS is verified, and nothing is sent without it": (
        "tests/unit/publish/test_mailers.py::test_certificates_are_verified",
        "tests/unit/publish/test_smtp_server.py::test_nothing_is_sent_to_a_server_nobody_vouches_for",
        "tests/unit/publish/test_smtp_server.py::"
        "test_a_server_without_starttls_never_gets_password_or_message",
        "tests/unit/publish/test_webhook.py::test_a_certificate_nobody_vouches_for_is_refused",
    ),
    "Mail: a size limit; files until a server is named": (
        "tests/unit/publish/test_message.py::test_the_whole_message_stays_below_the_limit",
        "tests/unit/publish/test_deliver.py::"
        "test_file_mailer_writes_private_eml_files_named_by_message_id",
    ),
    "Secrets: not shown when they are malformed": (
        "tests/unit/extract/test_database.py::test_wrong_urls_are_settings_errors_without_the_password",
        "tests/unit/publish/test_mailers.py::test_password_is_decoded_and_never_shown",
        "tests/unit/publish/test_webhook.py::test_addresses_that_are_refused_and_never_shown",
        "tests/unit/publish/test_webhook.py::test_secrets_that_are_refused_and_never_shown",
    ),
    "Files: nobody else on the machine may look into the home": (
        "tests/orchestration/test_instance.py::test_nobody_else_on_the_machine_may_look_into_it",
    ),
    "Dagster asks nobody: telemetry is off": (
        "tests/orchestration/test_instance.py::"
        "test_settings_bound_runs_watch_workers_and_keep_quiet",
    ),
    "Availability: sizes are bounded, a week that is too large is refused or split": (
        "tests/properties/test_bad_files.py::test_r12_a_bomb_is_refused_at_once",
        "tests/unit/publish/test_workbook.py::test_more_rows_than_a_sheet_holds_go_on_in_another",
    ),
    "Availability: messages that are stuck are told": (
        "tests/end_to_end/test_runbook.py::test_the_commands_of_the_section_cure_it",
    ),
}
