"""Where people and programs come in. Doors know the job façade and the words, nothing behind them."""
