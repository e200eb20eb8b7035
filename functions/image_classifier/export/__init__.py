"""Build time only: Keras weights → a verified artifact. TensorFlow lives here and in teaching/.

``__main__`` → ``build`` → {reference, convert, verify, the models} → ``errors``. Whatever can fail
without TensorFlow (arguments, weights, labels, the output folder) is settled before it is imported.
"""
