namespace unavoce {}
