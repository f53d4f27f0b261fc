-- Whether the page of every watched service suddenly became another, at $as_of, against its own stable history.
-- Only checks count that read a whole page, outside maintenance. A change is one that the last three of them show.
--
-- Stable is a page (title and language) that at least 20 checks over a week or more saw, and hardly any other in
-- between (at most one in fifty), of the 60 days before its latest reading, the first of these days (UTC) whole. A new title is a title other than the stable one it followed within 30 days; one
-- that has become stable itself is no longer new. New places are those linked for the first time, after a
-- week of watching, by one and the same check within 30 days: at least 15, all still linked.
--
-- is_replaced is what no redesign is: a new title, and with it another language that is written in a foreign script,
-- or another language and 15 new hosts outside of government. A page that turns to English with a new title is
-- often only a new frame around it (the language is then what the page declares), and stays a mere change.
WITH service AS (
    SELECT institution, service_id, name, agency
    FROM core.service
    SEMI JOIN institution_current USING (institution)
    WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
),

reading AS (
    SELECT institution, service_id, title, language, linked, week, days, readings, first_at, last_at, last
    FROM page_reading
    SEMI JOIN service USING (institution, service_id)
    WHERE source = 'layanan' AND NOT in_maintenance
),

latest AS (
    SELECT *, epoch_us(latest_at - INTERVAL 60 DAY) // 86400000000 AS recent_from
    FROM (
        SELECT institution, service_id, max(last_at) AS latest_at FROM reading GROUP BY institution, service_id
    )
),

-- Of the week in which the 60 days begin only its days since.
recent AS (
    SELECT
        institution, service_id, latest_at, recent_from, title, language, linked, last_at, last,
        CASE WHEN is_whole THEN readings ELSE list_sum(list_transform(since, one -> one.readings)) END AS readings,
        CASE WHEN is_whole THEN first_at ELSE list_min(list_transform(since, one -> one.first_at)) END AS first_at
    FROM (
        SELECT
            reading.*, latest.latest_at, latest.recent_from, reading.week * 7 >= latest.recent_from AS is_whole,
            CASE WHEN reading.week * 7 < latest.recent_from
                THEN list_filter(reading.days, one -> one.day >= latest.recent_from) END AS since
        FROM reading
        JOIN latest USING (institution, service_id)
        WHERE epoch_us(reading.last_at) // 86400000000 >= latest.recent_from
    )
),

-- The last three readings are among the three rows that end last.
third AS (
    SELECT institution, service_id, list_min(max(last_at, 3)) AS from_at
    FROM recent
    GROUP BY institution, service_id
),

now AS (
    SELECT
        institution, service_id, latest_at,
        list_transform(last, one -> one.title) AS titles,
        list_transform(last, one -> one.language) AS languages,
        list_transform(last, one -> one.linked) AS linked,
        list_transform(last, one -> one.capture_id) AS capture_ids
    FROM (
        SELECT
            institution, service_id, latest_at,
            arg_max(
                struct_pack(title, language, linked, capture_id := one.capture_id), one.checked_at, 3
            ) AS last
        FROM (
            SELECT recent.* EXCLUDE (last), unnest(recent.last) AS one
            FROM recent
            JOIN third USING (institution, service_id)
            WHERE recent.last_at >= third.from_at
        )
        WHERE epoch_us(one.checked_at) // 86400000000 >= recent_from
        GROUP BY institution, service_id, latest_at
    )
    WHERE len(last) = 3
),

page AS (
    SELECT
        institution, service_id, latest_at, title, language,
        sum(readings) AS readings, min(first_at) AS first_at, max(last_at) AS last_at,
        arg_max(last[1].capture_id, last_at) AS capture_id,
        count(*) OVER (PARTITION BY institution, service_id) AS pages
    FROM recent
    GROUP BY institution, service_id, latest_at, title, language
),

stable AS (
    SELECT page.institution, page.service_id, page.title, page.language, page.last_at, page.capture_id
    FROM page
    JOIN page AS other
        ON other.institution = page.institution AND other.service_id = page.service_id
        AND other.last_at >= page.first_at AND other.first_at <= page.last_at
    -- A page that says the hour in its title is never stable.
    WHERE page.pages <= 50 AND page.readings >= 20 AND page.last_at - page.first_at >= INTERVAL 7 DAY
    GROUP BY ALL
    HAVING max(page.readings) * 50 >= sum(other.readings) * 49
),

-- The stable page that this one followed: rather one in another language, then the latest.
followed AS (
    SELECT
        now.institution, now.service_id,
        arg_max(
            struct_pack(
                title := stable.title, language := stable.language, last_at := stable.last_at,
                capture_id := stable.capture_id,
                is_other_language := list_bool_and(
                    list_transform(now.languages, one -> coalesce(one != stable.language, FALSE))
                )
            ),
            (
                list_bool_and(list_transform(now.languages, one -> coalesce(one != stable.language, FALSE))),
                stable.last_at
            )
        ) AS old
    FROM now
    JOIN stable USING (institution, service_id)
    WHERE NOT list_contains(now.titles, stable.title)
        AND stable.last_at > now.latest_at - INTERVAL 30 DAY
    GROUP BY now.institution, now.service_id
),

link_list AS (
    SELECT
        institution, service_id, linked, min(first_at) AS first_at,
        count(*) OVER (PARTITION BY institution, service_id) AS lists
    FROM recent
    WHERE linked IS NOT NULL
    GROUP BY institution, service_id, linked
),

watched AS (
    SELECT
        institution, service_id, min(first_at) AS watched_from,
        min(first_at) FILTER (WHERE linked LIKE '%"…"]') AS cut_from
    FROM link_list
    WHERE lists <= 200
    GROUP BY institution, service_id
),

place AS (
    SELECT institution, service_id, place, min(first_at) AS first_at
    FROM (
        SELECT institution, service_id, first_at, unnest(from_json(linked, '["VARCHAR"]')) AS place
        FROM link_list
        WHERE lists <= 200
    )
    WHERE place != '…'
    GROUP BY institution, service_id, place
),

still_linked AS (
    SELECT institution, service_id, latest_at, place
    FROM (
        SELECT institution, service_id, latest_at, unnest(from_json(one, '["VARCHAR"]')) AS place
        FROM (SELECT institution, service_id, latest_at, unnest(linked) AS one FROM now)
    )
    GROUP BY institution, service_id, latest_at, place
    HAVING count(*) = 3
),

-- Places seen first by one check. A list that was cut before that does not say what was known.
arrival AS (
    SELECT
        place.institution, place.service_id, place.first_at,
        count(*) AS places,
        count(*) FILTER (WHERE place.place NOT LIKE '/%' AND place.place NOT LIKE '%.go.id') AS outside,
        list_sort(list(replace(place.place, '.', '[.]')))[1:3] AS named
    FROM place
    JOIN still_linked USING (institution, service_id, place)
    JOIN watched USING (institution, service_id)
    WHERE place.first_at >= watched.watched_from + INTERVAL 7 DAY
        AND place.first_at > still_linked.latest_at - INTERVAL 30 DAY
        AND (watched.cut_from IS NULL OR watched.cut_from >= place.first_at)
    GROUP BY place.institution, place.service_id, place.first_at
    HAVING count(*) >= 15
),

links AS (
    SELECT
        institution, service_id,
        arg_max(struct_pack(first_at, places, outside, named), (outside, places, first_at)) AS came
    FROM arrival
    GROUP BY institution, service_id
),

judged AS (
    SELECT
        service.institution, service.service_id, service.name, service.agency,
        now.latest_at, now.titles[1] AS title, now.languages[1] AS language, now.capture_ids,
        followed.old AS old, links.came AS came,
        -- Only where there is a stable page can it be said that none was replaced.
        EXISTS (
            FROM stable
            WHERE stable.institution = service.institution AND stable.service_id = service.service_id
        ) AS has_history,
        EXISTS (
            FROM stable
            WHERE stable.institution = service.institution AND stable.service_id = service.service_id
                AND list_contains(now.titles, stable.title)
        ) AS is_usual,
        coalesce(followed.old.is_other_language, FALSE) AND (
            list_has_all(['ja', 'ko', 'ru', 'th', 'zh'], now.languages)
            OR coalesce(links.came.outside >= 15, FALSE)
        ) AS is_replaced
    FROM service
    LEFT JOIN now USING (institution, service_id)
    LEFT JOIN followed USING (institution, service_id)
    LEFT JOIN links USING (institution, service_id)
)

SELECT
    institution, service_id, name, agency, latest_at, has_history, is_replaced,
    is_replaced OR (old IS NOT NULL AND NOT is_usual) OR came IS NOT NULL AS is_changed,
    CASE WHEN old IS NOT NULL AND (is_replaced OR NOT is_usual) THEN old.last_at ELSE came.first_at END
        AS changed_after,
    concat_ws(
        '; ',
        CASE WHEN old IS NOT NULL AND (is_replaced OR NOT is_usual)
            THEN 'judul “' || old.title || '” menjadi “' || title || '”' END,
        CASE WHEN old.is_other_language AND (is_replaced OR NOT is_usual)
            THEN 'bahasa ' || old.language || ' menjadi ' || language END,
        CASE WHEN came IS NOT NULL
            THEN came.places || ' tautan ke tempat yang belum dikenal, seperti '
                || array_to_string(came.named, ', ') END
    ) AS evidence,
    list_sort(list_distinct(
        list_concat(coalesce(capture_ids, []), CASE WHEN old IS NULL THEN [] ELSE [old.capture_id] END)
    )) AS capture_ids
FROM judged
