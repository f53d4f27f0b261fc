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
--
-- Most pages showed one and the same (title, language, links) in all of these days: nothing came, and their history is
-- stable if it is long enough. Only the restless ones are looked at closely.
WITH ever AS (
    SELECT
        institution, service_id, number, latest_at, last,
        epoch_us(latest_at) // 86400000000 - 60 AS recent_from,
        coalesce(epoch_us(other_at) // 86400000000 >= recent_from, FALSE) AS is_restless
    FROM page_ever
),

known AS (
    SELECT
        service.institution, service.service_id, service.name, service.agency,
        ever.number, ever.latest_at, ever.last, ever.recent_from, coalesce(ever.is_restless, FALSE) AS is_restless
    FROM core.service AS service
    SEMI JOIN institution_current AS asked ON asked.institution = service.institution
    LEFT JOIN ever
        ON ever.institution = service.institution AND ever.service_id = service.service_id
    WHERE service.valid_from <= $as_of AND (service.valid_to IS NULL OR service.valid_to > $as_of)
),

-- Of the week in which the 60 days begin only its days since. Weeks are joined with `ever`, whose size DuckDB knows: it
-- would hold all weeks against services of which it expects more.
calm AS (
    SELECT
        number,
        sum(
            CASE WHEN page.week * 7 >= recent_from THEN page.readings
                ELSE list_sum(list_transform(
                    list_filter(page.days, one -> one.day >= recent_from), one -> one.readings
                )) END
        ) AS readings,
        min(
            CASE WHEN page.week * 7 >= recent_from THEN page.first_at
                ELSE list_min(list_transform(
                    list_filter(page.days, one -> one.day >= recent_from), one -> one.first_at
                )) END
        ) AS first_at
    FROM page_week AS page
    JOIN (FROM ever WHERE NOT is_restless) AS known USING (number)
    WHERE page.week * 7 + 6 >= recent_from
    GROUP BY number
),

recent AS (
    SELECT
        number, latest_at, recent_from, title, language, linked, last_at, last,
        CASE WHEN is_whole THEN readings ELSE list_sum(list_transform(since, one -> one.readings)) END AS readings,
        CASE WHEN is_whole THEN first_at ELSE list_min(list_transform(since, one -> one.first_at)) END AS first_at
    FROM (
        SELECT
            page.*, known.latest_at, known.recent_from, page.week * 7 >= known.recent_from AS is_whole,
            CASE WHEN page.week * 7 < known.recent_from
                THEN list_filter(page.days, one -> one.day >= known.recent_from) END AS since
        FROM page_week AS page
        JOIN (FROM ever WHERE is_restless) AS known USING (number)
        WHERE epoch_us(page.last_at) // 86400000000 >= known.recent_from
    )
),

-- The last three readings are among the three rows that end last.
third AS (
    SELECT number, list_min(max(last_at, 3)) AS from_at
    FROM recent
    GROUP BY number
),

now AS (
    SELECT
        number, latest_at,
        list_transform(last, one -> one.title) AS titles,
        list_transform(last, one -> one.language) AS languages,
        list_transform(last, one -> one.linked) AS linked,
        list_transform(last, one -> one.capture_id) AS capture_ids
    FROM (
        SELECT
            number, latest_at,
            arg_max(
                struct_pack(title, language, linked, capture_id := one.capture_id), one.checked_at, 3
            ) AS last
        FROM (
            SELECT recent.* EXCLUDE (last), unnest(recent.last) AS one
            FROM recent
            JOIN third USING (number)
            WHERE recent.last_at >= third.from_at
        )
        WHERE epoch_us(one.checked_at) // 86400000000 >= recent_from
        GROUP BY number, latest_at
    )
    WHERE len(last) = 3
),

page AS (
    SELECT
        number, latest_at, title, language,
        sum(readings) AS readings, min(first_at) AS first_at, max(last_at) AS last_at,
        arg_max(last[1].capture_id, last_at) AS capture_id,
        count(*) OVER (PARTITION BY number) AS pages
    FROM recent
    GROUP BY number, latest_at, title, language
),

stable AS (
    SELECT page.number, page.title, page.language, page.last_at, page.capture_id
    FROM page
    JOIN page AS other
        ON other.number = page.number
        AND other.last_at >= page.first_at AND other.first_at <= page.last_at
    -- A page that says the hour in its title is never stable.
    WHERE page.pages <= 50 AND page.readings >= 20 AND page.last_at - page.first_at >= INTERVAL 7 DAY
    GROUP BY ALL
    HAVING max(page.readings) * 50 >= sum(other.readings) * 49
),

-- The stable page that this one followed: rather one in another language, then the latest.
followed AS (
    SELECT
        now.number,
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
    JOIN stable USING (number)
    WHERE NOT list_contains(now.titles, stable.title)
        AND stable.last_at > now.latest_at - INTERVAL 30 DAY
    GROUP BY now.number
),

link_list AS (
    SELECT
        number, linked, min(first_at) AS first_at,
        count(*) OVER (PARTITION BY number) AS lists
    FROM recent
    WHERE linked IS NOT NULL
    GROUP BY number, linked
),

watched AS (
    SELECT
        number, min(first_at) AS watched_from,
        min(first_at) FILTER (WHERE linked LIKE '%"…"]') AS cut_from
    FROM link_list
    WHERE lists <= 200
    GROUP BY number
),

place AS (
    SELECT number, place, min(first_at) AS first_at
    FROM (
        SELECT number, first_at, unnest(from_json(linked, '["VARCHAR"]')) AS place
        FROM link_list
        WHERE lists <= 200
    )
    WHERE place != '…'
    GROUP BY number, place
),

still_linked AS (
    SELECT number, latest_at, place
    FROM (
        SELECT number, latest_at, unnest(from_json(one, '["VARCHAR"]')) AS place
        FROM (SELECT number, latest_at, unnest(linked) AS one FROM now)
    )
    GROUP BY number, latest_at, place
    HAVING count(*) = 3
),

-- Places seen first by one check. A list that was cut before that does not say what was known.
arrival AS (
    SELECT
        place.number, place.first_at,
        count(*) AS places,
        count(*) FILTER (WHERE place.place NOT LIKE '/%' AND place.place NOT LIKE '%.go.id') AS outside,
        list_sort(list(replace(place.place, '.', '[.]')))[1:3] AS named
    FROM place
    JOIN still_linked USING (number, place)
    JOIN watched USING (number)
    WHERE place.first_at >= watched.watched_from + INTERVAL 7 DAY
        AND place.first_at > still_linked.latest_at - INTERVAL 30 DAY
        AND (watched.cut_from IS NULL OR watched.cut_from >= place.first_at)
    GROUP BY place.number, place.first_at
    HAVING count(*) >= 15
),

links AS (
    SELECT
        number,
        arg_max(struct_pack(first_at, places, outside, named), (outside, places, first_at)) AS came
    FROM arrival
    GROUP BY number
),

judged AS (
    SELECT
        known.institution, known.service_id, known.name, known.agency,
        now.latest_at, now.titles[1] AS title, now.languages[1] AS language, now.capture_ids,
        followed.old AS old, links.came AS came,
        -- Only where there is a stable page can it be said that none was replaced.
        EXISTS (FROM stable WHERE stable.number = known.number) AS has_history,
        EXISTS (
            FROM stable
            WHERE stable.number = known.number AND list_contains(now.titles, stable.title)
        ) AS is_usual,
        coalesce(followed.old.is_other_language, FALSE) AND (
            list_has_all(['ja', 'ko', 'ru', 'th', 'zh'], now.languages)
            OR coalesce(links.came.outside >= 15, FALSE)
        ) AS is_replaced
    FROM (FROM known WHERE is_restless) AS known
    LEFT JOIN now USING (number)
    LEFT JOIN followed USING (number)
    LEFT JOIN links USING (number)
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
UNION ALL BY NAME
SELECT
    institution, service_id, name, agency,
    CASE WHEN is_told THEN latest_at END AS latest_at,
    coalesce(readings >= 20 AND epoch_us(latest_at) - epoch_us(first_at) >= 7 * 86400000000, FALSE) AS has_history,
    FALSE AS is_replaced, FALSE AS is_changed, NULL AS changed_after, '' AS evidence,
    CASE WHEN is_told THEN list_sort(list_distinct(list_transform(last, one -> one.capture_id))) ELSE [] END
        AS capture_ids
FROM (
    SELECT *, coalesce(epoch_us(last[3].checked_at) // 86400000000 >= recent_from, FALSE) AS is_told
    FROM known
    WHERE NOT is_restless
)
LEFT JOIN calm USING (number)
