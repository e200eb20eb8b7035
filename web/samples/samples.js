// The drawings that make.py makes, each NAME.png.

export const SAMPLES = ["hot_air_balloon", "soccer_ball", "strawberry", "analog_clock", "umbrella", "candle"];
