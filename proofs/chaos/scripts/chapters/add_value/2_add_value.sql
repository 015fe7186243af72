ALTER TYPE mood_NN ADD VALUE 'busy' BEFORE 'calm';
