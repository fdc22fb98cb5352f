def write_page(results, plan, page):
    pass
