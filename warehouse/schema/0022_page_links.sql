-- Where a page links to (collectors.page_links), as a JSON list; unknown for checks of old.
ALTER TABLE raw.uptime_check ADD COLUMN linked VARCHAR;
ALTER TABLE core.uptime_check ADD COLUMN linked VARCHAR;
