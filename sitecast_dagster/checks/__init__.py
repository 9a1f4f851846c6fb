"""Checks that live inside assets: a partitioned `@asset_check` would be handed every week."""
