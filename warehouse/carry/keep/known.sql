-- What counting rests on besides the checks.
FROM facts
