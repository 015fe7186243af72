-- nothing to do;
/* not even /* here */ */
