CREATE TABLE public.trace (what text NOT NULL);
CREATE TABLE public.counter (n bigint NOT NULL, h bigint NOT NULL);
INSERT INTO public.counter VALUES (0, 0);
CREATE TABLE public.account (id int PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL DEFAULT 0);
INSERT INTO public.account SELECT g, 'owner ' || g % 7, g * 100 FROM generate_series(1, 40) g;
