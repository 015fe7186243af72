--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;
SET default_tablespace = '';
CREATE TABLE public.dumped_NN (id integer NOT NULL, name text);
ALTER TABLE ONLY public.dumped_NN ADD CONSTRAINT dumped_NN_pkey PRIMARY KEY (id);
INSERT INTO public.dumped_NN VALUES (1, 'one');
-- MARK
