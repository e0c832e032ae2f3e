def generate_tests(derivation, estimator, module_name):
    return ""
