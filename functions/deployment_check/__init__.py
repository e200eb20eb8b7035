"""What a new version must show before it gets traffic: the classifier, that it agrees with Keras on
golden photos; feedback, that it stores an answer.

{``handler``, ``feedback_handler``} → hook → {aws, replay, answers} → {check, golden} → request.
"""
