"""Kota Contoh: a made-up city that serves every kind of source over real HTTP(S), with faults on request.

Nothing in it is a real person, place or regulation. It exists to show Pantau at work without the internet
and to test it against answers that real sites give.
"""
