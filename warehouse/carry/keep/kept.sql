-- Until when each institution's count is carried over.
FROM kept
